import yoctoSpinner from 'yocto-spinner'
import type { CliContext } from '../context.ts'

/** A spinner on a terminal, one line elsewhere, while `work` takes its time. Nothing of it goes to standard output. */
export async function waiting<T>({ err }: Pick<CliContext, 'err'>, text: string, work: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) {
    err(`${text} ...\n`)
    return work()
  }
  const spinner = yoctoSpinner({ text, stream: process.stderr }).start()
  try {
    return await work()
  } finally {
    spinner.stop()
  }
}
