import type { SettingChange, StatementFacts } from '../../sql/facts.ts'
import { namesOf, type SessionState } from './state.ts'

/** What a finished command changes in the names and registries of the session. `tag` is the server's command tag. */
export function applySettings(state: SessionState, facts: StatementFacts, tag: string): void {
  const { path, registry } = state
  switch (facts.kind) {
    case 'set':
    case 'reset':
      for (const change of facts.settings) applySetting(state, change)
      break
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
    case 'deallocate':
      if (facts.name) registry.deallocate(facts.name)
      else registry.deallocateAll()
      break
    case 'discard':
      if (facts.name === 'all') {
        registry.deallocateAll()
        path.reset()
      }
      break
    default:
      return
  }
  state.names = namesOf(path)
}

function applySetting(state: SessionState, { name, scope, values }: SettingChange): void {
  if (name !== 'search_path' && name !== 'all') return
  // Only constants and DEFAULT come here; an expression was refused before.
  if (values === null || values === 'expression' || name === 'all') state.path.reset()
  else state.path.set(scope === 'local' ? 'local' : 'session', values)
}
