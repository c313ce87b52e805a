import type { SyslogSinkSettings } from '../../session/sink_settings.ts'
import type { Item } from '../sender.ts'

export interface SyslogOrigin {
  readonly hostname: string
  readonly pid: number
}

/** What a message has beside the record, at most. */
export const HEADER_BYTES = 512

const SEVERITIES_PER_FACILITY = 8
/** `severity_id` of OCSF to that of syslog (RFC 5424, table 2); what is unknown is a notice. */
const SEVERITY: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1 }
const NOTICE = 5
const MAX_HOSTNAME = 255
const MAX_MSGID = 32

type Settings = Pick<SyslogSinkSettings, 'facility' | 'appName' | 'sdId'>

/** RFC 5424, section 6, in the frame of RFC 6587, section 3.4.1 (and RFC 5425, section 4.3): octets, a blank, the message. */
export function syslogFrame(item: Item, settings: Settings, origin: SyslogOrigin): Buffer {
  const message = Buffer.from(syslogMessage(item, settings, origin), 'utf8')
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message])
}

function syslogMessage(item: Item, { facility, appName, sdId }: Settings, { hostname, pid }: SyslogOrigin): string {
  const priority = facility * SEVERITIES_PER_FACILITY + (SEVERITY[item.severity] ?? NOTICE)
  const time = new Date(item.time).toISOString()
  const header = `<${priority}>1 ${time} ${printable(hostname, MAX_HOSTNAME)} ${appName} ${pid}`
  return `${header} ${printable(item.code, MAX_MSGID)} ${structured(item, sdId)} ${item.text}`
}

function structured({ uid, sequence, piece }: Item, sdId: string): string {
  const part = piece === undefined ? '' : ` piece="${piece.index + 1}/${piece.count}"`
  return `[${sdId} uid="${escaped(uid)}" seq="${sequence}"${part}]`
}

/** RFC 5424, section 6.3.3: the three that have a meaning within a value. */
function escaped(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&')
}

function printable(text: string, most: number): string {
  return text.replace(/[^!-~]/g, '_').slice(0, most) || '-'
}
