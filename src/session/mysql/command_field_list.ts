import { type ColumnDefinition, encodeFieldListColumn } from '../../wire/mysql/column.ts'
import type { Command } from '../../wire/mysql/command.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import { runsOf } from '../run.ts'
import { refuse } from './command_answer.ts'
import { newExchange, type Run } from './exchange.ts'
import type { SessionState } from './state.ts'

type FieldList = Extract<Command, { readonly kind: 'fieldList' }>

/**
 * COM_FIELD_LIST ("mysql_list_fields"), by which the mariadb client learns names to complete: the same judgment as
 * SHOW COLUMNS of that table. The pattern goes to the server as it came; it narrows what is listed and reads no row.
 */
export function listFields(
  state: SessionState,
  { table }: FieldList,
  packet: Packet,
  sequence: number,
  now: number,
): void {
  const { gate, subject, output } = state
  const text = `SHOW COLUMNS FROM \`${table.replaceAll('`', '``')}\``
  const admission = gate.admit(subject, state.names, text, now)
  if (admission.kind === 'deny') return refuse(state, admission, sequence)
  output.record(admission.events)
  output.sql(admission.permit, encodePackets(packet.payload, 0))
  state.current = newExchange('fieldList', state, sequence, { runs: runsOf(admission, now) })
}

/** The default of a masked column is a constant of its definition, which the mask hides: NULL. */
export function withoutMaskedDefault(run: Run | undefined, payload: Uint8Array, column: ColumnDefinition): Uint8Array {
  const { schema, orgTable, orgName, defaultValue } = column
  if (!run?.plan || defaultValue === null) return payload
  const masked = run.verdict.masks.ofOrigin(schema, orgTable, orgName) !== null
  return masked ? encodeFieldListColumn({ ...column, defaultValue: null }) : payload
}
