import { describeRevocation } from './revocation_run.ts'

describeRevocation(60)
