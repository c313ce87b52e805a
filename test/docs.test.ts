import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { buildProgram } from '../src/cli/run.ts'

const PAGES = [...globSync('*.md'), ...globSync('docs/**/*.md')]
const WITH_COMMANDS = [...PAGES, ...globSync('proxy-config/*.yaml'), ...globSync('deploy/demo/*.ts')]

/** As GitHub makes them: lower case, spaces as hyphens, no other punctuation. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...readFileSync(page, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(([, text]) => text as string)
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Why a link leads nowhere, or null. */
function broken(page: string, link: string): string | null {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(file)) return `${page}: ${link} does not exist`
  if (anchor === undefined || !file.endsWith('.md') || anchorsOf(file).has(anchor)) return null
  return `${page}: ${link} has no such heading`
}

/** The command that the words name, and the options that it does not know. */
function misused(program: Command, words: readonly string[]): string | null {
  let command = program
  let at = 0
  for (; at < words.length; at++) {
    const next = command.commands.find((one) => one.name() === words[at])
    if (!next) break
    command = next
  }
  const needsMore = words.length > at && command.commands.length > 0 && command.registeredArguments.length === 0
  if (command === program || needsMore) return `no command ${words.slice(0, 3).join(' ')}`
  const end = words.indexOf('--')
  const options = words.slice(at, end < 0 ? undefined : end).filter((word) => /^--[a-z]/.test(word))
  const unknown = options.find((word) => !command.options.some(({ long }) => long === word.split('=')[0]))
  return unknown === undefined ? null : `${command.name()} has no option ${unknown}`
}

/** No command runs here. */
const program = buildProgram(async () => 0, {} as Parameters<typeof buildProgram>[1])

/** Commands in code: between backticks, and at the beginning of a line of a block or a list of things to type. */
function commandsIn(text: string): string[][] {
  const inline = [...text.matchAll(/`sallyport ([^`]+)`/g)].map(([, rest]) => rest as string)
  const lines = [...text.matchAll(/^(?:[>$ '"]|[a-z]+\$ |\d {2}|npm run -s)*sallyport (?:-- )?([a-z].*)$/gm)].map(
    ([, rest]) => rest as string,
  )
  return [...inline, ...lines].map((rest) =>
    (rest.split(/ #| {3}/)[0] as string).replaceAll(/["'`,;]+$/gm, '').split(/\s+/),
  )
}

describe('the pages', () => {
  it.each(PAGES)('%s: every link within the project leads somewhere', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string)
    expect(links.filter((link) => !/^[a-z]+:/.test(link)).flatMap((link) => broken(page, link) ?? [])).toEqual([])
  })

  it.each(WITH_COMMANDS)('%s: every command of sallyport exists, with its options', (page) => {
    const found = commandsIn(readFileSync(page, 'utf8'))
    expect(found.flatMap((words) => misused(program, words) ?? [])).toEqual([])
  })
})
