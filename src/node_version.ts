/**
 * Imported first, for its effect: an older Node then says what is wrong before it fails in a file that it can't run.
 * Written so that old versions can parse it once types are stripped.
 */
const OLDEST_NODE_MAJOR = 24

/** What to tell whoever runs this with the Node of `version` at `path`; empty where it will do. */
export function nodeVersionComplaint(version: string, path: string): string {
  if (Number(version.split('.')[0]) >= OLDEST_NODE_MAJOR) return ''
  return (
    `sallyport needs Node ${OLDEST_NODE_MAJOR} or newer, and this is Node ${version} (${path}).\n` +
    'Start it with an npm script (npm ci brings the right Node), or install that version.\n'
  )
}

const complaint = nodeVersionComplaint(process.versions.node, process.execPath)
if (complaint !== '') {
  process.stderr.write(complaint)
  process.exit(1)
}
