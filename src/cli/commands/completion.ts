import type { Command } from 'commander'
import { SallyportError } from '../../errors.ts'
import type { CliContext } from '../context.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** A script for the shell to source: it knows every command and option, and asks nobody. */
export function addCompletion(program: Command, { out }: CliContext): void {
  program
    .command('completion')
    .description('Print a completion script, to be sourced by your shell.')
    .argument('<shell>', SHELLS.join(', '))
    .action((shell: string) => {
      const words = wordsOf(program)
      if (shell === 'bash') out(bashScript(words))
      else if (shell === 'zsh')
        out(`#compdef sallyport\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`)
      else if (shell === 'fish') out(fishScript(words))
      else throw new SallyportError('SP-INPUT', `the shell must be one of ${SHELLS.join(', ')}`)
    })
}

/** What may follow each path of commands: the path is words with spaces between, empty for the program itself. */
type Words = ReadonlyMap<string, { readonly commands: readonly Command[]; readonly options: readonly string[] }>

function wordsOf(program: Command): Words {
  const words = new Map<string, { commands: readonly Command[]; options: readonly string[] }>()
  const visit = (command: Command, path: string) => {
    const options = command.options.flatMap(({ long }) => (typeof long === 'string' ? [long] : []))
    words.set(path, { commands: command.commands, options: [...options, '--help'] })
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim())
  }
  visit(program, '')
  return words
}

function bashScript(words: Words): string {
  const cases = [...words].map(([path, { commands, options }]) => {
    const next = [...commands.map((command) => command.name()), ...options].join(' ')
    return `    "${path}") next="${next}" ;;\n`
  })
  return `_sallyport() {
  local path="" word next=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *)
      case "$path $word" in
${[...words.keys()]
  .filter((path) => path !== '')
  .map((path) => `        "${path.includes(' ') ? path : ` ${path}`}") path="${path}" ;;\n`)
  .join('')}      esac ;;
    esac
  done
  case "$path" in
${cases.join('')}  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _sallyport sallyport
`
}

function fishScript(words: Words): string {
  const lines = [...words].flatMap(([path, { commands, options }]) => {
    const seen = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
    return [
      ...commands.map((c) => `complete -c sallyport -f -n '${seen}' -a ${c.name()} -d ${quoted(c.description())}\n`),
      ...options.map((option) => `complete -c sallyport -f -n '${seen}' -l ${option.slice(2)}\n`),
    ]
  })
  return lines.join('')
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
