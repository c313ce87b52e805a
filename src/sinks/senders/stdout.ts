import type { Sender, SenderDeps } from '../sender.ts'

const MAX_BYTES = 256 * 1024
const MAX_ITEMS = 1_000

/** One line for each record, between those of the program. */
export function createStdoutSender({ print }: Pick<SenderDeps, 'print'>): Sender {
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: MAX_BYTES },
    send: async (items) => {
      await print(items.map(({ text }) => `${text}\n`).join(''))
      return []
    },
    close: async () => undefined,
  }
}
