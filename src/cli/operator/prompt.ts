import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { SallyportError } from '../../errors.ts'
import type { CliContext } from '../context.ts'

/** Asks on the terminal for what nobody may read there. Rejects with `SP-INPUT` where there is no terminal. */
export async function askHidden({ err }: CliContext, question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new SallyportError('SP-INPUT', 'there is no terminal to ask for the password on: use --password-ref')
  }
  err(question)
  // What readline would echo goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reading = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await reading.question('')
  } finally {
    reading.close()
    err('\n')
  }
}
