import type { Command } from 'commander'
import { type CliContext, type SignedIn, signedIn } from '../context.ts'

/** `--json` prints the answer as the API gave it; else `show` words it. */
export interface Shown<T> {
  readonly answer: T
  readonly text: string
}

type Act = (signed: SignedIn, ...given: never[]) => Promise<Shown<unknown>>

/** A command that asks the API and prints what it says. The last argument of `act` is the options. */
export function asks(command: Command, context: CliContext, act: Act): Command {
  return command.option('--json', 'print the answer as JSON', false).action(async (...given: unknown[]) => {
    // Commander hands over the arguments, then the options, then the command itself.
    const options = given.at(-2) as { readonly json: boolean }
    const signed = await signedIn(context)
    const { answer, text } = await act(signed, ...(given.slice(0, -1) as never[]))
    context.out(options.json ? `${JSON.stringify(answer ?? null, null, 2)}\n` : text)
  })
}

interface PageOf<T> {
  readonly items: readonly T[]
  readonly next_cursor: string | null
}

/** How many pages one command reads: whoever wants more asks more narrowly. */
const MAX_PAGES = 50

/** All items of a list, page by page. */
export async function everything<T>(read: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await read(cursor)
    items.push(...answer.items)
    if (answer.next_cursor === null) break
    cursor = answer.next_cursor
  }
  return items
}
