/** A small reader of the language of mysqltest: what MySQL's and MariaDB's own tests send as SQL. */

export interface Step {
  readonly sql: string
  readonly line: number
}

export interface Script {
  readonly steps: readonly Step[]
  /** Files that it takes in, in the order in which they stand, and behind how many steps. */
  readonly sources: readonly { readonly file: string; readonly after: number }[]
}

/** Commands of mysqltest that stand where a statement may stand (client/mysqltest.cc, `command_names`). */
const COMMANDS = new Set(
  `append_file assert cat_file change_user character_set chmod close_com connect connection copy_file copy_files_wildcard
  dec diff_files die dirty_close disable_abort_on_error disable_async_client disable_cursor_protocol disable_connect_log
  disable_info disable_metadata disable_non_blocking_api disable_parsing disable_prepare_warnings disable_ps2_protocol
  disable_ps_protocol disable_query_log disable_reconnect disable_result_log disable_rpl_parse disable_service_connection
  disable_session_track_info disable_sp_protocol disable_testcase disable_view_protocol disable_warnings disconnect echo
  enable_abort_on_error enable_async_client enable_connect_log enable_cursor_protocol enable_info enable_metadata
  enable_non_blocking_api enable_parsing enable_prepare_warnings enable_ps2_protocol enable_ps_protocol
  enable_query_log enable_reconnect enable_result_log enable_rpl_parse enable_service_connection
  enable_session_track_info enable_sp_protocol enable_testcase enable_view_protocol enable_warnings end_timer error
  eval evalp evalx exec exec_in_background exit expr file_exists force-cpdir force-rmdir horizontal_results inc let
  list_files list_files_append_file list_files_write_file lowercase_result mkdir move_file optimizer_trace
  partially_sorted_result perl ping query_attributes query_get_value query_log real_sleep reap remove_file
  remove_files_wildcard replace_column replace_numeric_round replace_regex replace_result require reset_connection
  result result_format rmdir rpl_parse save_master_pos send send_eval send_quit send_shutdown server_add
  shutdown_server skip sleep sorted_result source start_timer sync_slave_with_master sync_with_master system
  vertical_results wait_for_slave_to_stop write_file`.split(/\s+/),
)
/** Commands before SQL that is sent as it stands. */
const SENDERS = new Set(['query', 'query_vertical', 'query_horizontal', 'send'])
const TILL_EOF = new Set(['perl', 'write_file', 'append_file'])

interface State {
  readonly text: string
  at: number
  delimiter: string
  /** Inside `disable_parsing`. */
  muted: boolean
  readonly steps: Step[]
  readonly sources: { file: string; after: number }[]
  /** How many lines begin before a place, as far as was looked. */
  readonly counted: { at: number; line: number }
}

export function readScript(text: string): Script {
  const state: State = {
    text,
    at: 0,
    delimiter: ';',
    muted: false,
    steps: [],
    sources: [],
    counted: { at: 0, line: 1 },
  }
  while (state.at < text.length) {
    const space = /\s*/y
    space.lastIndex = state.at
    space.test(text)
    state.at = space.lastIndex
    if (state.at >= text.length) break
    if (text[state.at] === '#') skipLine(state)
    else if (text.startsWith('--', state.at)) dashed(state)
    else if (text[state.at] === '{' || text[state.at] === '}') state.at++
    else part(state)
  }
  return state
}

function skipLine(state: State): string {
  const end = state.text.indexOf('\n', state.at)
  const line = state.text.slice(state.at, end === -1 ? state.text.length : end)
  state.at = end === -1 ? state.text.length : end + 1
  return line
}

/** `--command` up to the end of its line. */
function dashed(state: State): void {
  const line = skipLine(state).replace(/^--\s*/, '')
  const word = /^[\w-]+/.exec(line)?.[0].toLowerCase() ?? ''
  command(state, word, line.slice(word.length).trim())
}

function command(state: State, word: string, rest: string): void {
  if (word === 'delimiter') state.delimiter = rest === '' ? ';' : rest
  else if (word === 'disable_parsing') state.muted = true
  else if (word === 'enable_parsing') state.muted = false
  else if (word === 'source' && !state.muted) state.sources.push({ file: rest, after: state.steps.length })
  else if (TILL_EOF.has(word)) skipToEof(state, word, rest)
}

function skipToEof(state: State, word: string, rest: string): void {
  const given = word === 'perl' ? /^(\w+)/.exec(rest) : /^\S+\s+(\w+)/.exec(rest)
  const end = given?.[1] ?? 'EOF'
  if (state.text[state.at] === '\n') state.at++
  while (state.at < state.text.length && skipLine(state).trim() !== end);
}

function part(state: State): void {
  const from = state.at
  const word = /^[\w-]+/.exec(state.text.slice(from, from + 64))?.[0].toLowerCase() ?? ''
  if ((word === 'if' || word === 'while') && /^(?:if|while)\s*\(/i.test(state.text.slice(from, from + 80))) {
    skipBlock(state)
    return
  }
  const line = lineAt(state)
  const sql = upToDelimiter(state)
  if (word === 'delimiter' || COMMANDS.has(word) ? !SENDERS.has(word) : false) {
    command(state, word, sql.slice(word.length).trim())
    return
  }
  const plain = SENDERS.has(word) ? sql.slice(word.length).trim() : sql
  if (!state.muted && plain !== '') state.steps.push({ sql: plain, line })
}

function lineAt(state: State): number {
  const { text, at, counted } = state
  for (let next = text.indexOf('\n', counted.at); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) {
    counted.line++
    counted.at = next + 1
  }
  return counted.line
}

/** mysqltest knows quotes, in which a backslash guards the next character, and nothing else of SQL. */
function upToDelimiter(state: State): string {
  const { text, delimiter } = state
  const from = state.at
  let quote = ''
  for (; state.at < text.length; state.at++) {
    const char = text[state.at] as string
    if (quote !== '') {
      if (char === '\\') state.at++
      else if (char === quote) quote = ''
    } else if (text.startsWith(delimiter, state.at)) {
      const sql = text.slice(from, state.at)
      state.at += delimiter.length
      return sql.trim()
    } else if (char === "'" || char === '"' || char === '`') quote = char
  }
  return text.slice(from).trim()
}

/** Conditions and loops hang on variables of the tester; what stands in them is left out. */
function skipBlock(state: State): void {
  let depth = 0
  while (state.at < state.text.length) {
    const line = skipLine(state).trim()
    if (/^(?:#|--)/.test(line)) continue
    const bare = line.replaceAll(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g, '')
    depth += bare.split('{').length - bare.split('}').length
    if (bare.includes('}') && depth <= 0) return
  }
}
