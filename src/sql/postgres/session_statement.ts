import type { SettingChange } from '../facts.ts'
import { evaluateConstant } from './constant.ts'
import { type Body, flag, list, opaque, open, openOnly, str } from './node.ts'
import type { Findings } from './statement.ts'

/** Transactions, settings and what else changes the session alone. */
export function readSessionStatement(tag: string, body: Body): Findings {
  switch (tag) {
    case 'TransactionStmt':
      return readTransaction(body)
    case 'VariableSetStmt':
      return readSet(body)
    case 'VariableShowStmt':
      return session({ kind: 'show', name: str(body, 'name').toLowerCase() })
    case 'DeallocateStmt':
      return session({ kind: 'deallocate', name: str(body, 'name') })
    case 'DiscardStmt':
      return session({ kind: 'discard', name: str(body, 'target').replace('DISCARD_', '').toLowerCase() })
    case 'ClosePortalStmt':
      return session({ kind: 'close_cursor', name: str(body, 'portalname') })
    case 'ConstraintsSetStmt':
      return readConstraints(body)
    case 'UnlistenStmt':
      return session({ kind: 'unlisten', name: str(body, 'conditionname') })
    default:
      return opaque(`${tag} as a statement`)
  }
}

function session(findings: Findings): Findings {
  return { verbs: ['session'], ...findings }
}

function readTransaction(body: Body): Findings {
  const name = str(body, 'savepoint_name')
  const settings = modes(list(body, 'options'), 'local', '')
  switch (str(body, 'kind')) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return session({ kind: 'begin', settings })
    case 'TRANS_STMT_COMMIT':
      return session({ kind: 'commit' })
    case 'TRANS_STMT_ROLLBACK':
      return session({ kind: 'rollback' })
    case 'TRANS_STMT_SAVEPOINT':
      return session({ kind: 'savepoint', name })
    case 'TRANS_STMT_RELEASE':
      return session({ kind: 'release', name })
    case 'TRANS_STMT_ROLLBACK_TO':
      return session({ kind: 'rollback_to', name })
    case 'TRANS_STMT_PREPARE':
    case 'TRANS_STMT_COMMIT_PREPARED':
    case 'TRANS_STMT_ROLLBACK_PREPARED':
      return session({ kind: 'two_phase', name: str(body, 'gid') })
    default:
      return opaque(`the transaction statement ${str(body, 'kind')}`)
  }
}

/** SET CONSTRAINTS as a setting of the transaction: checks that were put off may run at once, and answer. */
function readConstraints(body: Body): Findings {
  const values = [flag(body, 'deferred') ? 'deferred' : 'immediate']
  return session({ kind: 'set', settings: [{ name: 'constraints', scope: 'local', values }] })
}

function readSet(body: Body): Findings {
  const scope = flag(body, 'is_local') ? 'local' : 'session'
  const name = str(body, 'name').toLowerCase()
  switch (str(body, 'kind')) {
    case 'VAR_SET_VALUE':
      return session({ kind: 'set', settings: [{ name, scope, values: values(list(body, 'args')) }] })
    case 'VAR_SET_DEFAULT':
      return session({ kind: 'set', settings: [{ name, scope, values: null }] })
    case 'VAR_SET_CURRENT':
      return session({ kind: 'set', settings: [{ name, scope, values: 'expression' }] })
    case 'VAR_RESET':
      return session({ kind: 'reset', settings: [{ name, scope, values: null }] })
    case 'VAR_RESET_ALL':
      return session({ kind: 'reset', settings: [{ name: 'all', scope, values: null }] })
    default:
      return readSetTransaction(body, name)
  }
}

function readSetTransaction(body: Body, name: string): Findings {
  if (name === 'transaction')
    return session({ kind: 'set_transaction', settings: modes(list(body, 'args'), 'local', '') })
  if (name !== 'session characteristics') return opaque(`SET ${name}`)
  return session({ kind: 'set_transaction', settings: modes(list(body, 'args'), 'session', 'default_') })
}

/** Transaction modes as the settings that they set: `transaction_read_only` is 1 or 0. */
function modes(options: readonly unknown[], scope: 'local' | 'session', prefix: string): readonly SettingChange[] {
  return options.map((option) => {
    const body = openOnly('DefElem', option)
    return { name: `${prefix}${str(body, 'defname')}`, scope, values: [text(body.arg)] }
  })
}

function values(args: readonly unknown[]): readonly string[] | 'expression' {
  if (args.some((argument) => open(argument).tag !== 'A_Const')) return 'expression'
  return args.map(text)
}

function text(value: unknown): string {
  return evaluateConstant(value) ?? opaque('NULL as a setting')
}
