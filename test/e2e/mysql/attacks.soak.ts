import { describeAttacks } from './attacks_run.ts'

/** All of them: most stand in the corpus too, which the suite runs. */
describeAttacks(() => true)
