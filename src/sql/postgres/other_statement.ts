import type { Verb } from '../facts.ts'
import { walkCall } from './call.ts'
import type { Sources } from './field.ts'
import { type Body, list, openAs, openOnly, str } from './node.ts'
import { useRelation } from './relation.ts'
import { openScope } from './scope.ts'
import { collected, type Findings, sourcesOf } from './statement.ts'
import type { Work } from './work.ts'

/** Statements that are neither queries nor definitions nor settings, or null for another one. */
export function readOther(work: Work, tag: string, body: Body): Findings | null {
  switch (tag) {
    case 'TruncateStmt':
      return readTargets(work, body, 'truncate', 'delete')
    case 'LockStmt':
      return readTargets(work, body, 'lock', isSharedLock(body) ? 'read' : 'update')
    case 'CallStmt':
      return readCall(work, body)
    case 'DoStmt':
      return { kind: 'do', verbs: ['call'] }
    case 'ListenStmt':
      return { kind: 'listen', verbs: ['session'], name: str(body, 'conditionname') }
    case 'NotifyStmt':
      return { kind: 'notify', verbs: ['session'], name: str(body, 'conditionname') }
    default:
      return null
  }
}

/** The tables that TRUNCATE and LOCK name; children and, by CASCADE, others follow. */
function readTargets(work: Work, body: Body, kind: 'truncate' | 'lock', verb: Verb): Findings {
  for (const relation of list(body, 'relations')) {
    const use = useRelation(work, openOnly('RangeVar', relation), 'target')
    use.verbs.add(verb)
  }
  work.verbs.add(verb)
  return { kind, ...collected(work) }
}

/** lockdefs.h: ACCESS SHARE, the mode of a plain SELECT. */
function isSharedLock(body: Body): boolean {
  return body.mode === 1
}

/** The arguments of CALL are expressions, and may hold subqueries. */
function readCall(work: Work, body: Body): Findings {
  const sink: Sources = new Map()
  walkCall({ work, scope: openScope(null), sink }, openAs('FuncCall', body.funccall))
  work.verbs.add('call')
  if (work.uses.length > 0) work.verbs.add('read')
  return { kind: 'call', ...collected(work), rowSources: sourcesOf(sink) }
}
