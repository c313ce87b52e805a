import { encodeUtf8 } from '../../bytes/writer.ts'
import type { Ok } from '../../wire/mysql/outcome.ts'
import type { SessionChange } from '../../wire/mysql/session-state.ts'
import { decodeLossy } from '../../wire/mysql/text.ts'
import type { Run } from './exchange.ts'

/**
 * MySQL counts the rows that an UPDATE changed, and not those that had the given values before: on a protected table
 * that would answer a guess (`UPDATE t SET secret = 'x' WHERE id = 1`). There the client is told what was matched, as
 * with CLIENT_FOUND_ROWS, and so the count means the same whatever the values were.
 */
export function withoutGuesses(run: Run, ok: Ok): Ok {
  const target = run.facts.uses.find(({ role }) => role === 'target')
  if (!run.plan?.scrubErrors || !target) return ok
  const [first] = numbersOf(ok)
  if (run.facts.kind === 'update') {
    const matched = first ?? 0n
    return { ...ok, affectedRows: matched, info: renumbered(ok, [matched, matched, 0n]) }
  }
  if (run.facts.kind !== 'insert') return { ...ok, info: renumbered(ok, [first ?? 0n, 0n, 0n]) }
  // Without a text it was one row, given as VALUES.
  return target.conflict
    ? { ...ok, affectedRows: first ?? 1n, info: renumbered(ok, [first ?? 1n, 0n, 0n]) }
    : { ...ok, info: renumbered(ok, [first ?? ok.affectedRows, 0n, 0n]) }
}

/** `Rows matched: 3  Changed: 1  Warnings: 0` and `Records: 3  Duplicates: 0  Warnings: 0`, in the server's language. */
function numbersOf({ info }: Ok): readonly bigint[] {
  return [...decodeLossy(info).matchAll(/\d+/g)].map(([digits]) => BigInt(digits))
}

function renumbered({ info }: Ok, numbers: readonly bigint[]): Uint8Array {
  let at = 0
  return encodeUtf8(decodeLossy(info).replace(/\d+/g, () => String(numbers[at++] ?? 0n)))
}

/** Of what the server tells of the session's own state, that which tells of nothing else. */
export function harmlessChanges(changes: readonly SessionChange[]): readonly SessionChange[] {
  return changes.filter(({ kind }) => HARMLESS.has(kind))
}

const HARMLESS: ReadonlySet<SessionChange['kind']> = new Set([
  'systemVariables',
  'schema',
  'stateChange',
  'transactionState',
])
