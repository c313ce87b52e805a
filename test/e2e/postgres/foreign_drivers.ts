import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PGBENCH } from '../../clients/programs.ts'

/** Drivers of other languages: used where the machine has them, and named aloud where it does not. */

/** Where Debian puts pgjdbc. */
const JARS = [process.env.PGJDBC_JAR ?? '', '/usr/share/java/postgresql.jar'] as const
/** A virtual environment first, then the system's own, for which Debian has the package. */
const PYTHONS = ['python3', '/usr/bin/python3'] as const

/** A Python that has psycopg2, or null. */
export const python = PYTHONS.find((program) => spawnSync(program, ['-c', 'import psycopg2']).status === 0) ?? null

/** The driver's archive where there is a Java that runs source files, or null. */
export const pgjdbc =
  spawnSync('java', ['--version']).status === 0 ? (JARS.find((jar) => jar !== '' && existsSync(jar)) ?? null) : null

export const hasPgbench = existsSync(PGBENCH)
