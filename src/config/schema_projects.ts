import * as z from 'zod'
import { name, patterns, positiveDuration } from './schema_values.ts'

export const projectsSection = z
  .array(
    z.strictObject({
      name,
      targets: patterns,
      leads: z
        .strictObject({
          groups: z.array(z.string().min(1)).default([]),
          people: z.array(z.string().min(3)).default([]),
        })
        .refine(({ groups, people }) => groups.length + people.length > 0, 'needs groups or people')
        .describe('They answer stages with the group `$leads`, and revoke grants of these targets. People by email.'),
      roles: patterns.default(['*']).describe('Of the roles that are delegable, those which leads may approve.'),
      maxDuration: positiveDuration.prefault('8h').describe('Leads approve nothing longer.'),
    }),
  )
  .describe('Targets with leads, who answer for them inside the limits that are set here.')
