import { SallyportError } from '../errors.ts'

/** Controls of the standards, and what of the records shows how each is met. */

export const SECTIONS = [
  'requests',
  'votes',
  'grants',
  'sessions',
  'break_glass',
  'reviews',
  'review_lines',
  'policies',
  'figures',
  'idle_grants',
  'over_privileged',
  'standing',
  'posture',
  'audit_counts',
  'audit_range',
] as const

export type SectionName = (typeof SECTIONS)[number]

export interface Control {
  readonly id: string
  readonly standard: string
  readonly title: string
  readonly sections: readonly SectionName[]
}

const GRANTING: readonly SectionName[] = ['requests', 'votes', 'grants']
const REVIEWING: readonly SectionName[] = ['reviews', 'review_lines', 'idle_grants']
const LEAST: readonly SectionName[] = ['policies', 'figures', 'over_privileged', 'idle_grants']
const IDENTITY: readonly SectionName[] = ['sessions', 'standing', 'posture']
const LOG: readonly SectionName[] = ['sessions', 'audit_counts']
const EMERGENCY: readonly SectionName[] = ['requests', 'grants', 'sessions', 'break_glass']

const SOC2 = 'SOC 2'
const ISO = 'ISO/IEC 27001:2022'
const PCI = 'PCI DSS 4.0'
const HIPAA = 'HIPAA'
const NIST = 'NIST SP 800-53 Rev. 5'

/** Every pack also has the range of the log that proves it. Titles are short names, not the standards' own text. */
export const CONTROLS: readonly Control[] = [
  control('soc2-cc6.1', SOC2, 'CC6.1 Logical access to information assets', [...IDENTITY, ...LEAST, 'grants']),
  control('soc2-cc6.2', SOC2, 'CC6.2 Access is authorised before it is given, and removed after', GRANTING),
  control('soc2-cc6.3', SOC2, 'CC6.3 Least privilege and separation of duties', [...GRANTING, ...LEAST, ...REVIEWING]),
  control('soc2-cc7.2', SOC2, 'CC7.2 Monitoring for anomalies', [...LOG, 'posture', 'break_glass']),
  control('iso27001-a.5.15', ISO, 'A.5.15 Access control', [...GRANTING, 'policies']),
  control('iso27001-a.5.18', ISO, 'A.5.18 Access rights: given, reviewed, changed, removed', [
    ...GRANTING,
    ...REVIEWING,
  ]),
  control('iso27001-a.8.2', ISO, 'A.8.2 Privileged access rights', [...EMERGENCY, ...LEAST, 'standing']),
  control('iso27001-a.8.15', ISO, 'A.8.15 Logging', LOG),
  control('pci-dss-7.2', PCI, '7.2 Access is defined, assigned by need, and reviewed', [
    ...GRANTING,
    ...LEAST,
    ...REVIEWING,
  ]),
  control('pci-dss-8.2', PCI, '8.2 Users are identified over the life of their accounts', [...IDENTITY, 'grants']),
  control('pci-dss-10.2', PCI, '10.2 Audit logs record access', LOG),
  control('pci-dss-10.3', PCI, '10.3 Audit logs are protected from change', ['audit_counts']),
  control('hipaa-164.312.a.2.ii', HIPAA, '164.312(a)(2)(ii) Emergency access', EMERGENCY),
  control('hipaa-164.312.b', HIPAA, '164.312(b) Audit controls', LOG),
  control('hipaa-164.312.c.1', HIPAA, '164.312(c)(1) Integrity', [...GRANTING, 'policies', 'audit_counts']),
  control('hipaa-164.312.d', HIPAA, '164.312(d) Authentication of persons', IDENTITY),
  control('nist-ac-2', NIST, 'AC-2 Account management', [...GRANTING, ...REVIEWING, 'standing', 'posture']),
  control('nist-ac-6', NIST, 'AC-6 Least privilege', [...LEAST, 'break_glass', 'grants']),
  control('nist-au-2', NIST, 'AU-2 Events that are logged', ['audit_counts']),
  control('nist-au-12', NIST, 'AU-12 Audit records are made', LOG),
  control('nist-au-14', NIST, 'AU-14 Session audit', [...LOG, 'break_glass']),
]

function control(id: string, standard: string, title: string, sections: readonly SectionName[]): Control {
  const all = new Set<SectionName>([...sections, 'audit_range'])
  return { id, standard, title, sections: SECTIONS.filter((name) => all.has(name)) }
}

/** By their ids, in the order of the list. Throws `SP-INPUT` for one that is not known. */
export function controlsOf(ids: readonly string[]): readonly Control[] {
  const unknown = ids.find((id) => CONTROLS.every((one) => one.id !== id))
  if (unknown !== undefined) throw new SallyportError('SP-INPUT', `there is no control ${unknown}`)
  return CONTROLS.filter(({ id }) => ids.includes(id))
}
