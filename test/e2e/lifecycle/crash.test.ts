import { describeKills } from './crash_run.ts'

describeKills('sqlite', ['approving', 'running'])
describeKills('postgres', ['logging in'])
