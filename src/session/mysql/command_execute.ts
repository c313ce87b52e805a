import { CAPABILITY, has } from '../../wire/mysql/capabilities.ts'
import { type ComStmtExecute, encodeComStmtExecute } from '../../wire/mysql/com-stmt-execute.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import type { SessionState } from './state.ts'

/**
 * What goes to the server for an execution: the same bytes, but where the client may send query attributes and the
 * server knows none (MariaDB), the form without them. They describe the query to MySQL's own plugins and components.
 */
export function executionFor(
  { capabilities, clientCapabilities }: SessionState,
  command: ComStmtExecute,
  { payload }: Packet,
): Uint8Array {
  const known = has(capabilities, CAPABILITY.queryAttributes)
  if (known === has(clientCapabilities, CAPABILITY.queryAttributes)) return payload
  return encodeComStmtExecute(command, capabilities)
}
