import * as z from 'zod'
import { ALERT_SEVERITIES, SIGNALS } from '../../audit/alert_event.ts'
import { operation } from './operation.ts'
import { idText, nameText } from './shown.ts'
import { count, page, pageQuery, shown, time } from './values.ts'

const nullable = z.string().nullable()

const signalName = z.enum(SIGNALS)
const rule = shown({
  signal: signalName,
  enabled: z.boolean(),
  severity: z.enum(ALERT_SEVERITIES),
  threshold: z.number(),
  windowMs: count,
  quietMs: count,
  owner: z.string(),
  runbook: z.string(),
  channels: z.array(nameText),
}).meta({ id: 'AlertRule' })

const alert = shown({
  id: idText,
  sequence: count.describe('Its line in the audit log.'),
  time,
  signal: z.string(),
  severity: count.nullable().describe('severity_id of OCSF, 1 to 5.'),
  status: nullable.describe('New, or Resolved where the signal has ended.'),
  summary: nullable,
  person: nullable,
  target: nullable,
}).meta({ id: 'Alert' })

export const alertOperations = {
  listAlerts: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/alerts',
    summary: 'Alerts in the audit log of this node, the newest first.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      from: time.optional(),
      to: time.optional(),
      signal: signalName.optional(),
      severity: z.coerce.number().int().min(1).max(5).optional().describe('At least this.'),
    }),
    answer: page(alert).meta({ id: 'AlertPage' }),
  }),
  listAlertRules: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/alerts/rules',
    summary: 'The signals and their rules.',
    rate: 'read',
    status: 200,
    answer: shown({ items: z.array(rule) }),
  }),
  testAlert: operation({
    tag: 'audit',
    method: 'POST',
    path: '/v1/alerts/rules/{signal}/test',
    summary: 'Raise a marked test alert, which goes to the channels of its signal.',
    rate: 'heavy',
    status: 200,
    params: z.strictObject({ signal: signalName }),
    answer: shown({ id: idText.describe('Of the record.'), channels: z.array(nameText) }),
  }),
} as const
