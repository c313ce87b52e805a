import * as z from 'zod'
import { positiveDuration } from './schema_values.ts'

export const postureSection = z
  .strictObject({ every: positiveDuration.prefault('15m').describe('How often each target is looked at.') })
  .describe(
    'Targets are watched: logins that bypass the proxy, and roles, grants and comments that change outside of it, are ' +
      'events of the audit log. Absent: they are looked at when somebody asks.',
  )
