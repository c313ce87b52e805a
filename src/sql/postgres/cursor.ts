import type { CursorFacts, StatementFacts } from '../facts.ts'
import { hasWritingQuery } from './cte.ts'
import { type Body, flag, num, opaque, openOnly, str } from './node.ts'
import { readSelect } from './select.ts'
import { collected, type Findings, factsOf } from './statement.ts'
import type { Work } from './work.ts'

type Place = Pick<StatementFacts, 'span' | 'normalized'>

/** Bits of DeclareCursorStmt.options (parsenodes.h). The last one is set for every cursor. */
const BINARY = 0x01
const SCROLL = 0x02
const NO_SCROLL = 0x04
const INSENSITIVE = 0x08
const ASENSITIVE = 0x10
const HOLD = 0x20
const FAST_PLAN = 0x100
const KNOWN = BINARY | SCROLL | NO_SCROLL | INSENSITIVE | ASENSITIVE | HOLD | FAST_PLAN

/** DECLARE: the query is judged here, where it is named; FETCH gives what was judged. */
export function readDeclare(work: Work, body: Body, place: Place): Findings {
  const query = openOnly('SelectStmt', body.query)
  if (hasWritingQuery(query)) opaque('a cursor over a statement that writes')
  const inner = factsOf(place, readSelect(work, query))
  const { output: _, ...rest } = inner
  return {
    ...rest,
    ...collected(work),
    kind: 'declare_cursor',
    name: str(body, 'portalname'),
    inner,
    cursor: cursorOf(body),
  }
}

function cursorOf(body: Body): CursorFacts {
  const bits = num(body, 'options')
  if ((bits & ~KNOWN) !== 0) opaque('a cursor of an unknown kind')
  const scrolls = (bits & SCROLL) !== 0
  return {
    binary: (bits & BINARY) !== 0,
    scroll: scrolls ? true : (bits & NO_SCROLL) !== 0 ? false : null,
    hold: (bits & HOLD) !== 0,
    insensitive: (bits & INSENSITIVE) !== 0,
  }
}

/** FETCH and MOVE: which rows does not matter, all of them were judged with the cursor. */
export function readFetch(body: Body): Findings {
  num(body, 'howMany')
  flag(body, 'ismove')
  return { kind: 'fetch', verbs: ['session'], name: str(body, 'portalname') }
}
