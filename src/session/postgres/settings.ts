import type { SettingChange } from '../../sql/facts.ts'
import { newPortal, preparedBySql } from './named.ts'
import type { Portal, Run } from './pipeline.ts'
import { namesOf, type SessionState } from './state.ts'

/**
 * What a finished command changes in the names and registries of the session. `tag` is the server's command tag.
 * Returns the portals that it put an end to. A portal that is suspended has set what it sets, too.
 */
export function applySettings(state: SessionState, run: Run, tag: string, now: number): readonly Portal[] {
  const { facts } = run
  // What PREPARE, DECLARE and EXPLAIN hold inside was not run.
  if (!facts.inner && !run.applied) for (const change of facts.settings) applySetting(state, change)
  run.applied = true
  followTransaction(state, run, tag)
  const gone = followNames(state, run, now)
  state.names = namesOf(state)
  return gone
}

function followTransaction({ path }: SessionState, { facts }: Run, tag: string): void {
  switch (facts.kind) {
    case 'commit':
    case 'rollback':
      // COMMIT of a failed transaction answers ROLLBACK: the tag says what really happened.
      if (tag === 'COMMIT') path.commit()
      else path.rollback()
      break
    case 'savepoint':
      path.savepoint(facts.name ?? '')
      break
    case 'rollback_to':
      path.rollbackTo(facts.name ?? '')
      break
    case 'release':
      path.release(facts.name ?? '')
      break
    default:
      return
  }
}

function followNames(state: SessionState, run: Run, now: number): readonly Portal[] {
  const { registry, pipeline, path } = state
  const name = run.facts.name ?? ''
  switch (run.facts.kind) {
    case 'prepare':
    case 'declare_cursor':
      return followNew(state, run, name, now)
    case 'deallocate':
      if (name) registry.command({ of: 'statement', name, value: undefined }, pipeline.changes)
      else registry.deallocateAll(pipeline.changes)
      return []
    case 'close_cursor': {
      if (!name) return registry.closeAll(pipeline.changes)
      const closed = registry.command({ of: 'portal', name, value: undefined }, pipeline.changes)
      return closed ? [closed] : []
    }
    case 'discard':
      if (name !== 'all') return []
      registry.deallocateAll(pipeline.changes)
      path.reset()
      return registry.closeAll(pipeline.changes)
    default:
      return []
  }
}

function followNew(state: SessionState, run: Run, name: string, now: number): readonly Portal[] {
  const { registry, pipeline } = state
  const prepared = preparedBySql(state, run, now) ?? undefined
  if (run.facts.kind === 'prepare') {
    registry.command({ of: 'statement', name, value: prepared }, pipeline.changes)
    return []
  }
  const portal = prepared && newPortal(prepared, { hold: run.facts.cursor?.hold ?? false })
  const before = registry.command({ of: 'portal', name, value: portal }, pipeline.changes)
  return before ? [before] : []
}

function applySetting(state: SessionState, { name, scope, values }: SettingChange): void {
  if (name !== 'search_path' && name !== 'all') return
  const span = scope === 'local' ? 'local' : 'session'
  // Only constants and DEFAULT come here; an expression was refused before.
  if (values === null || values === 'expression' || name === 'all') state.path.reset(span)
  else state.path.set(span, values)
}
