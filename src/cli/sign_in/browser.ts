import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  linux: ['xdg-open'],
}

/** A program that has no browser to open says so at once; one that still runs has opened it, or is it. */
const FAILS_WITHIN_MS = 1500

/**
 * Opens an address in the person's browser; false where that can't be done. `BROWSER` names the program, or several with
 * colons between; `%s` in one stands for the address, which comes last otherwise.
 */
export async function openBrowser(url: string, env: Env): Promise<boolean> {
  for (const command of commandsOf(env)) {
    const words = command.some((word) => word.includes('%s'))
      ? command.map((word) => word.replaceAll('%s', url))
      : [...command, url]
    if (await opened(words, env)) return true
  }
  return false
}

function commandsOf({ BROWSER: named }: Env): readonly (readonly string[])[] {
  if (named === undefined || named.trim() === '') return [OPENERS[process.platform] ?? []]
  return named.split(delimiter).map((command) => command.split(/\s+/).filter((word) => word !== ''))
}

/** Without a shell: the address comes from the identity provider. */
function opened([program, ...args]: readonly string[], env: Env): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  if (program === undefined || args.length === 0) return Promise.resolve(false)
  const child = spawn(program, args, { stdio: 'ignore', detached: true, env: { ...env } })
  const timer = setTimeout(() => resolve(true), FAILS_WITHIN_MS)
  child.once('error', () => resolve(false))
  child.once('exit', (code) => resolve(code === 0))
  child.unref()
  return promise.finally(() => clearTimeout(timer))
}
