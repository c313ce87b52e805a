import * as z from 'zod'
import { accessSection } from './schema_access.ts'
import { alertsSection } from './schema_alerts.ts'
import { approvalsSection } from './schema_approvals.ts'
import { certificatesSection } from './schema_certs.ts'
import { classificationSection } from './schema_classification.ts'
import { grantsSection } from './schema_grants.ts'
import { incidentsSection } from './schema_incidents.ts'
import { maskingSection } from './schema_masking.ts'
import { nodeSection } from './schema_node.ts'
import { groupsSection, oidcSection } from './schema_oidc.ts'
import { projectsSection } from './schema_projects.ts'
import { reviewsSection } from './schema_reviews.ts'
import { rolesSection } from './schema_roles.ts'
import { secretsSection } from './schema_secrets.ts'
import { targetsSection } from './schema_targets.ts'

/** One file: any of the sections. Lists add up over the files in the order of their names; the rest stands once. */
export const fileSchema = z.strictObject({
  version: z.literal(1),
  node: nodeSection.optional(),
  oidc: oidcSection.optional(),
  groups: groupsSection.optional(),
  targets: targetsSection.optional(),
  roles: rolesSection.optional(),
  grants: grantsSection.optional(),
  masking: maskingSection.optional(),
  classification: classificationSection.optional(),
  certificates: certificatesSection.optional(),
  secrets: secretsSection.optional(),
  incidents: incidentsSection.optional(),
  approvals: approvalsSection.optional(),
  projects: projectsSection.optional(),
  access: accessSection.optional(),
  reviews: reviewsSection.optional(),
  alerts: alertsSection.optional(),
})

export type FileContent = z.output<typeof fileSchema>
type Section<K extends keyof FileContent> = NonNullable<FileContent[K]>
export type NodeSection = Section<'node'>
export type OidcSection = Section<'oidc'>
export type GroupsSection = Section<'groups'>
export type TargetSection = Section<'targets'>[number]
export type RoleSection = Section<'roles'>[number]
export type GrantSection = Section<'grants'>[number]
export type CertificatesSection = Section<'certificates'>
export type MaskingSection = Section<'masking'>
export type ClassificationSection = Section<'classification'>
export type SecretsSection = Section<'secrets'>
export type IncidentsSection = Section<'incidents'>
export type ApprovalSection = Section<'approvals'>[number]
export type ProjectSection = Section<'projects'>[number]
export type AccessSection = Section<'access'>
export type ReviewSection = Section<'reviews'>[number]
export type AlertsSection = Section<'alerts'>

/** JSON Schema 2020-12 of a file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { title: 'Sallyport configuration', ...z.toJSONSchema(fileSchema, { io: 'input' }) }
}
