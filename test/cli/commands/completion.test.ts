import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runCli } from '../../../src/cli/run.ts'

async function script(shell: string): Promise<string> {
  let text = ''
  const code = await runCli(['completion', shell], { serve: async () => 0, out: (more) => (text += more) })
  expect(code).toBe(0)
  return text
}

it.each([
  [['gr'], ['grant']],
  [['grant', 're'], ['revoke']],
  [
    ['request', 'ls', '--t'],
    ['--to-answer', '--target'],
  ],
  [['approve', '--reason', 'x', '--beh'], ['--behalf']],
  [['config', 'ch'], ['check']],
])('bash completes sallyport %j', async (words, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-completion-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'script')
  writeFileSync(path, await script('bash'))
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's own
  const ask = 'source "$1"; shift; COMP_WORDS=(sallyport "$@"); COMP_CWORD=$#; _sallyport; echo "${COMPREPLY[@]}"'
  const said = execFileSync('bash', ['-c', ask, 'bash', path, ...words], { encoding: 'utf8' })
  expect(said.trim().split(' ')).toEqual(expected)
})

it('zsh and fish have theirs, and no other shell', async () => {
  expect(await script('zsh')).toMatch(/^#compdef sallyport\n/)
  const fish = (await script('fish')).trimEnd().split('\n')
  expect(fish.filter((line) => !/^complete -c sallyport -f -n '[^']+' (-a \S+ -d '.*'|-l [\w-]+)$/.test(line))).toEqual(
    [],
  )
  const serve = async () => 0
  expect(await runCli(['completion', 'other'], { serve, out: () => undefined, err: () => undefined })).toBe(2)
})
