/**
 * What moves the page. Everything that was recorded reaches the document as text nodes alone, never as markup, so that
 * nothing in it can act; the page's policy lets no other script run, and nothing be fetched.
 */
export const PAGE_SCRIPT = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('recording').textContent)
const IDLE_MS = 1500
const ROWS_FIRST = 300
const find = (id) => document.getElementById(id)
const statements = data.statements
let words = ''
let current = -1
let position = 0
let playing = false
let before = 0
let shownKey = ''

function make(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

/* Two clocks: that of the session, and the one that plays, on which long pauses are short. */
const marks = [...new Set([0, data.duration].concat(...statements.map((one) => [one.at].concat(
  one.shown.map((shown) => shown.at), one.outcome ? [one.outcome.at] : []))))].sort((a, b) => a - b)
let stops = []
function layOut() {
  const skips = find('idle').checked
  let played = 0
  stops = marks.map((at, index) => {
    const gap = index === 0 ? 0 : at - marks[index - 1]
    played += skips ? Math.min(gap, IDLE_MS) : gap
    return { at, played }
  })
}
function total() { return Math.max(1, stops[stops.length - 1].played) }
function playedOf(at) {
  let index = stops.findIndex((stop) => stop.at >= at)
  if (index <= 0) return index === 0 ? 0 : total()
  const from = stops[index - 1]
  const to = stops[index]
  return from.played + (to.played - from.played) * ((at - from.at) / (to.at - from.at || 1))
}
function realOf(played) {
  let index = stops.findIndex((stop) => stop.played >= played)
  if (index < 0) return data.duration
  if (index === 0) return stops[0].at
  const from = stops[index - 1]
  const to = stops[index]
  return from.at + (to.at - from.at) * ((played - from.played) / (to.played - from.played || 1))
}
function endOf(index) {
  const one = statements[index]
  const last = Math.max(one.at, one.outcome ? one.outcome.at : 0, ...one.shown.map((shown) => shown.at))
  const next = statements[index + 1]
  return next ? Math.max(one.at, Math.min(last, next.at - 0.5)) : last
}

const KEYWORDS = new Set(('select from where and or not in is null insert into values update set delete join left right inner outer ' +
  'full cross on as order by group having limit offset union all distinct create alter drop table view index with case when then ' +
  'else end begin commit rollback start transaction show explain analyze grant revoke copy to like ilike between exists returning ' +
  'asc desc using call truncate fetch declare cursor for primary key references default cast interval').split(' '))
const TOKEN = /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][\w$]*)/g
function sql(text) {
  const node = document.createDocumentFragment()
  let from = 0
  const put = (piece, className) => {
    const inside = marked(piece)
    if (!className) return node.append(inside)
    const span = make('span', className)
    span.append(inside)
    node.append(span)
  }
  for (const found of text.matchAll(TOKEN)) {
    put(text.slice(from, found.index))
    const className = found[1] ? 'comment' : found[2] ? 'string' : found[3] ? 'number-literal'
      : KEYWORDS.has(found[4].toLowerCase()) ? 'keyword' : ''
    put(found[0], className)
    from = found.index + found[0].length
  }
  put(text.slice(from))
  return node
}
function marked(text) {
  const node = document.createDocumentFragment()
  const lower = text.toLowerCase()
  let from = 0
  if (words && lower.length === text.length) {
    for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
      node.append(text.slice(from, at), make('mark', '', text.slice(at, at + words.length)))
      from = at + words.length
    }
  }
  node.append(text.slice(from))
  return node
}

function clock(ms) {
  if (data.duration < 60000) return (ms / 1000).toFixed(1) + ' s'
  const seconds = Math.floor(ms / 1000)
  const two = (value) => String(value).padStart(2, '0')
  const rest = two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60)
  return seconds >= 3600 ? Math.floor(seconds / 3600) + ':' + rest : rest
}
function stateOf(one) {
  if (one.id === null) return null
  if (!one.allowed) return ['bad', 'refused ' + (one.code || '')]
  if (one.shown.some((shown) => shown.level === 'error')) return ['bad', 'error']
  if (!one.outcome) return ['warn', 'no end recorded']
  if (one.outcome.outcome !== 'ok') return ['warn', one.outcome.outcome]
  return ['good', 'ok']
}
function rowsOf(one) {
  return one.shown.reduce((sum, shown) => sum + (shown.kind === 'table' ? shown.rows.length + (shown.leftOut ? shown.leftOut.rows : 0) : 0), 0)
}

const haystacks = statements.map((one) => [one.text, one.reason, one.code || '', ...one.masked, ...one.clear,
  ...(one.parameters || []).map((value) => value === null ? 'null' : value),
  ...one.shown.map((shown) => shown.kind === 'table'
    ? shown.columns.map((column) => column.name).join('\n') + '\n' + shown.rows.map((row) => row.join('\n')).join('\n')
    : shown.text)].join('\n').toLowerCase())
const buttons = []
function list() {
  const target = find('statements')
  statements.forEach((one, index) => {
    const item = make('li')
    const button = make('button')
    button.type = 'button'
    button.append(make('span', 'number', one.id === null ? '' : String(one.number)))
    button.append(make('span', 'text', one.text.split('\n')[0] || '(' + one.kind + ')'))
    const meta = make('span', 'meta')
    meta.append(make('span', '', clock(one.at)))
    const state = stateOf(one)
    if (state && state[1] !== 'ok') meta.append(make('span', state[0], state[1]))
    const rows = rowsOf(one)
    if (rows > 0) meta.append(make('span', '', rows + (rows === 1 ? ' row' : ' rows')))
    button.append(meta)
    button.addEventListener('click', () => { stop(); goTo(index) })
    item.append(button)
    target.append(item)
    buttons.push({ item, button })
  })
}
function search() {
  words = find('search').value.trim().toLowerCase()
  let hits = 0
  haystacks.forEach((text, index) => {
    const isHit = words === '' || text.includes(words)
    buttons[index].item.hidden = !isHit
    if (isHit) hits++
  })
  find('hits').textContent = words === '' ? statements.length + ' entries' : hits + ' of ' + statements.length + ' hold it, in statements or results'
  shownKey = ''
  render()
}

function chips(label, names, className) {
  const line = make('div', 'chips')
  line.append(make('span', '', label))
  for (const name of names) line.append(make('span', 'chip ' + className, name))
  return line
}
function cell(column, value) {
  const node = make('td', (value === null ? 'null ' : '') + (column.number ? 'number' : ''))
  if (value === null) node.textContent = 'NULL'
  else node.append(marked(value))
  return node
}
function table(shown) {
  const holder = document.createDocumentFragment()
  const scroll = make('div', 'scroll')
  scroll.tabIndex = 0
  const grid = make('table')
  const head = make('tr')
  for (const column of shown.columns) {
    const title = make('th', column.number ? 'number' : '')
    title.scope = 'col'
    title.append(marked(column.name))
    head.append(title)
  }
  const thead = make('thead')
  thead.append(head)
  const body = make('tbody')
  let next = 0
  const add = (count) => {
    for (const row of shown.rows.slice(next, next + count)) {
      const line = make('tr')
      row.forEach((value, at) => line.append(cell(shown.columns[at] || { number: false }, value)))
      body.append(line)
    }
    next += count
  }
  add(ROWS_FIRST)
  if (shown.rows.length === 0) {
    const none = make('td', 'null', shown.leftOut ? 'none of the rows is in the recording' : 'no rows')
    none.colSpan = Math.max(1, shown.columns.length)
    const line = make('tr')
    line.append(none)
    body.append(line)
  }
  grid.append(thead, body)
  scroll.append(grid)
  holder.append(scroll)
  if (next < shown.rows.length) {
    const more = make('button', 'ghost more', 'Show all ' + shown.rows.length + ' rows')
    more.type = 'button'
    more.addEventListener('click', () => { add(shown.rows.length); more.remove() })
    holder.append(more)
  }
  if (shown.leftOut) holder.append(make('p', 'message notice', shown.leftOut.text))
  return holder
}
function body(one, at) {
  const node = make('article')
  const head = make('div', 'head')
  head.append(make('strong', '', one.id === null ? 'Before the first statement' : 'Statement ' + one.number + ' of ' + data.count))
  const state = stateOf(one)
  if (state && at >= (one.outcome ? one.outcome.at : one.at)) head.append(make('span', 'badge ' + state[0], state[1]))
  head.append(make('span', '', new Date(data.started + one.at).toISOString().replace('T', ' ').slice(0, 23) + ' UTC'))
  if (one.outcome && at >= one.outcome.at) head.append(make('span', '', one.outcome.durationMs + ' ms'))
  node.append(head)
  if (one.text) {
    const text = make('pre', 'sql')
    text.append(sql(one.text))
    node.append(text)
  }
  if (one.parameters && one.parameters.length) {
    node.append(chips('Parameters', one.parameters.map((value, at) => data.mark + (at + 1) + ' = ' + (value === null ? 'NULL' : value)), ''))
  }
  if (one.masked.length) node.append(chips('Masked for this person', one.masked, 'masked'))
  if (one.clear.length) {
    const names = one.clear.slice(0, 12)
    if (names.length < one.clear.length) names.push('and ' + (one.clear.length - names.length) + ' more')
    node.append(chips('Seen in clear', names, 'clear'))
  }
  if (!one.allowed) node.append(make('p', 'message error', 'Refused by ' + (one.code || 'policy') + ': ' + one.reason))
  let waiting = false
  for (const shown of one.shown) {
    if (shown.at > at) waiting = true
    else if (shown.kind === 'table') node.append(table(shown))
    else {
      const line = make('p', 'message ' + shown.level)
      line.append(marked(shown.text))
      node.append(line)
    }
  }
  if (waiting) node.append(make('p', 'waiting', 'waiting for the answer …'))
  if (one.outcome && one.outcome.rowsWithheld > 0 && at >= one.outcome.at) {
    node.append(make('p', 'message notice', one.outcome.rowsWithheld + ' rows were withheld from the client.'))
  }
  return node
}

function render() {
  const at = realOf(position)
  let index = -1
  statements.forEach((one, place) => { if (one.at <= at + 0.5) index = place })
  const ends = data.end !== null && at >= data.end.at && position >= total()
  const one = statements[index]
  const visible = one ? one.shown.filter((shown) => shown.at <= at + 0.5).length : 0
  const key = index + '/' + visible + '/' + (one && one.outcome ? at + 0.5 >= one.outcome.at : '') + '/' + ends
  find('range').value = String(Math.round((position / total()) * 10000))
  find('range').setAttribute('aria-valuetext', clock(at) + (one ? ', statement ' + one.number : ''))
  find('clock').textContent = clock(at) + ' / ' + clock(data.duration)
  if (key === shownKey) return
  shownKey = key
  const view = find('view')
  if (index !== current) view.scrollTop = 0
  view.replaceChildren(one ? body(one, at + 0.5) : make('p', 'waiting', 'The session has begun; no statement yet.'))
  if (ends) view.append(make('p', 'message done', 'The session ended: ' + data.end.cause))
  buttons.forEach(({ item, button }, place) => {
    button.setAttribute('aria-current', String(place === index))
    item.className = place > index ? 'later' : ''
  })
  ticks.forEach((tick, place) => tick.classList.toggle('current', place === index))
  if (index !== current && buttons[index]) buttons[index].item.scrollIntoView({ block: 'nearest' })
  current = index
}
function goTo(index) {
  if (index < 0 || index >= statements.length) return
  position = index === statements.length - 1 ? total() : playedOf(endOf(index))
  shownKey = ''
  render()
}
function step(by) {
  stop()
  let index = current + by
  while (buttons[index] && buttons[index].item.hidden) index += by
  goTo(index)
}

let ticks = []
function drawTicks() {
  const holder = find('ticks')
  ticks = statements.map((one) => {
    const state = stateOf(one)
    const tick = make('i', state && state[0] === 'bad' ? 'bad' : '')
    tick.style.left = (playedOf(one.at) / total()) * 100 + '%'
    return tick
  })
  holder.replaceChildren(...ticks)
}

function frame(now) {
  if (!playing) return
  position += (now - before) * Number(find('speed').value)
  before = now
  if (position >= total()) { position = total(); stop() }
  render()
  if (playing) requestAnimationFrame(frame)
}
function start() {
  if (position >= total()) position = 0
  playing = true
  before = performance.now()
  find('play').textContent = 'Pause'
  requestAnimationFrame(frame)
}
function stop() {
  playing = false
  find('play').textContent = 'Play'
}
const toggle = () => (playing ? stop() : start())

function theme(name) {
  document.documentElement.dataset.theme = name
  find('theme').textContent = name === 'dark' ? 'Light' : 'Dark'
}
find('theme').addEventListener('click', () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'))
find('play').addEventListener('click', toggle)
find('previous').addEventListener('click', () => step(-1))
find('next').addEventListener('click', () => step(1))
find('search').addEventListener('input', search)
find('range').addEventListener('input', (event) => { position = (Number(event.target.value) / 10000) * total(); render() })
find('idle').addEventListener('change', () => { const at = realOf(position); layOut(); position = playedOf(at); drawTicks(); shownKey = ''; render() })
document.addEventListener('keydown', (event) => {
  const isField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
  if (event.key === 'Escape' && event.target.id === 'search') { event.target.value = ''; search(); event.target.blur() }
  if (event.ctrlKey || event.metaKey || event.altKey || (isField && event.target.type !== 'range')) return
  if (event.key === '/') { event.preventDefault(); find('search').focus() }
  if (event.key === ' ' && event.target.tagName !== 'BUTTON') { event.preventDefault(); toggle() }
  if (event.key === 'ArrowRight' || event.key === 'ArrowDown' || event.key === 'j') { event.preventDefault(); step(1) }
  if (event.key === 'ArrowLeft' || event.key === 'ArrowUp' || event.key === 'k') { event.preventDefault(); step(-1) }
})

const wanted = /^#(light|dark)(?:-(\d+))?$/.exec(location.hash)
theme(wanted ? wanted[1] : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
layOut()
list()
drawTicks()
search()
goTo(wanted && wanted[2] ? Number(wanted[2]) : 0)
`
