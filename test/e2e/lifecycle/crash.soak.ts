import { describeKills } from './crash_run.ts'

/** What crash.test.ts shows, at every moment: about two minutes. */

describeKills('sqlite', ['asking', 'approving', 'logging in', 'running', 'revoking'])
describeKills('postgres', ['asking', 'approving', 'logging in', 'running', 'revoking'])
