/** Where an attack means something: a form that the other server does not know proves nothing there. */
type Only = 'MySQL' | 'MariaDB'

/** Statements of one fresh session, in order; an attacker goes on after an error. */
export interface Attack {
  readonly kind: string
  readonly title: string
  readonly sql: readonly string[]
  readonly only?: Only
  /** The answer says nothing by itself: it only differs from that of the same statements with another guess. */
  readonly guess?: readonly string[]
  /** The answer names no value, but differs from that of a database with other values in it. */
  readonly blind?: true
  /** At least one statement must be refused, and it must work on the bare server. */
  readonly denied?: true
}

const one = (kind: string, title: string, ...sql: string[]): Attack => ({ kind, title, sql })
const mysqlOnly = (attack: Attack): Attack => ({ ...attack, only: 'MySQL' })
const mariadbOnly = (attack: Attack): Attack => ({ ...attack, only: 'MariaDB' })
const denied = (attack: Attack): Attack => ({ ...attack, denied: true })
const oracle = (kind: string, title: string, sql: (guess: string) => string): Attack => ({
  kind,
  title,
  sql: [sql('canary-fox-1@mail.example')],
  guess: [sql('nobody@nowhere.example')],
})

const READS: readonly Attack[] = [
  one('direct', 'the column', 'SELECT email FROM patients'),
  one('direct', 'three parts', 'SELECT clinic.patients.phone FROM clinic.patients'),
  one('direct', 'modifiers', 'SELECT SQL_NO_CACHE SQL_BIG_RESULT tax_id FROM patients'),
  one('direct', 'distinct', 'SELECT DISTINCT email FROM patients'),
  one('direct', 'locking', 'SELECT email FROM patients FOR UPDATE'),
  one('direct', 'dual', 'SELECT (SELECT email FROM patients LIMIT 1) FROM DUAL'),
  one('alias', 'as another column', 'SELECT email AS full_name, tax_id country FROM patients'),
  one('alias', 'table alias that is a table', 'SELECT visits.email FROM patients AS visits'),
  one('alias', 'an empty alias', 'SELECT email AS `` FROM patients'),
  one('star', 'star', 'SELECT * FROM patients'),
  one('star', 'qualified stars', 'SELECT v.*, p.* FROM visits v JOIN patients p ON p.id = v.patient_id'),
  one('star', 'stars of a join', 'SELECT * FROM visits v, patients p, cards c WHERE p.id = c.patient_id'),
  one('join', 'using', 'SELECT * FROM patients a JOIN patients b USING (email)'),
  one(
    'join',
    'using, merged',
    'SELECT email FROM (SELECT email FROM patients) a JOIN (SELECT email FROM patients) b USING (email)',
  ),
  one('join', 'natural', 'SELECT * FROM cards NATURAL JOIN patients'),
  one('join', 'right', 'SELECT p.email FROM visits v RIGHT JOIN patients p ON p.id = v.patient_id'),
  one('join', 'straight', 'SELECT STRAIGHT_JOIN p.tax_id FROM visits v STRAIGHT_JOIN patients p'),
  one(
    'handler',
    'open and read',
    'HANDLER patients OPEN',
    'HANDLER patients READ FIRST LIMIT 3',
    'HANDLER patients CLOSE',
  ),
  one('handler', 'alias and index', 'HANDLER cards OPEN AS h', 'HANDLER h READ `PRIMARY` NEXT', 'HANDLER h CLOSE'),
  mysqlOnly(one('table', 'table statement', 'TABLE patients')),
  mysqlOnly(one('table', 'in a union', 'SELECT 1, 2, 3, 4 UNION TABLE cards')),
  mariadbOnly(one('table', 'row constructor', 'SELECT email FROM patients PROCEDURE ANALYSE()')),
  one('view', 'renamed', 'SELECT contact FROM contacts'),
  one('view', 'rows depend on it', 'SELECT full_name, (SELECT email FROM patients LIMIT 1) FROM leaky'),
  one('generated', 'generated column', 'SELECT email_lower FROM patients'),
  one('generated', 'renamed', 'SELECT q.e FROM (SELECT email_lower e FROM patients) q'),
  one('cte', 'renamed', 'WITH a (e) AS (SELECT email FROM patients) SELECT e FROM a'),
  one('cte', 'shadows a table', 'WITH visits AS (SELECT email AS reason FROM patients) SELECT reason FROM visits'),
  one(
    'cte',
    'recursive',
    'WITH RECURSIVE r AS (SELECT 1 n, CAST("" AS char(200)) t UNION ALL SELECT n + 1, (SELECT email FROM patients WHERE id = n) FROM r WHERE n < 4) SELECT t FROM r',
  ),
  one('cte', 'nested', 'WITH a AS (SELECT * FROM patients), b AS (SELECT * FROM a) SELECT tax_id FROM b'),
  one('set op', 'second arm', 'SELECT reason FROM visits UNION ALL SELECT email FROM patients'),
  one('set op', 'parenthesised', '(SELECT reason FROM visits LIMIT 1) UNION (SELECT phone FROM patients LIMIT 5)'),
  one('set op', 'except', "SELECT email FROM patients EXCEPT SELECT 'x'"),
  one('subquery', 'scalar', 'SELECT id, (SELECT email FROM patients p WHERE p.id = v.patient_id) FROM visits v'),
  one('subquery', 'derived', 'SELECT x FROM (SELECT tax_id AS x FROM patients) d'),
  mysqlOnly(one('subquery', 'lateral', 'SELECT l.v FROM patients p, LATERAL (SELECT p.tax_id v) l')),
  one(
    'subquery',
    'json_table',
    "SELECT j.v FROM patients p, JSON_TABLE(JSON_ARRAY(p.email), '$[*]' COLUMNS (v varchar(100) PATH '$')) j",
  ),
  one(
    'subquery',
    'in the select list of a group',
    'SELECT (SELECT GROUP_CONCAT(email) FROM patients) FROM visits GROUP BY id',
  ),
]

const FUNCTIONS: readonly Attack[] = [
  ...[
    "CONCAT(email, '')",
    'UPPER(email)',
    'REVERSE(tax_id)',
    'HEX(email)',
    'TO_BASE64(email)',
    'MID(tax_id FROM 1 FOR 12)',
    'ELT(1, email)',
    'LEAST(email, "zzzz")',
    'COALESCE(email, 1)',
    'NULLIF(email, "")',
    'CAST(email AS char)',
    'CONVERT(email USING utf8mb4)',
    'IF(1, email, 0)',
    'CASE WHEN 1 THEN email END',
    'JSON_QUOTE(email)',
    'INSERT(email, 1, 0, "x")',
    'REPLACE(tax_id, "@", "#")',
    'TRIM(email)',
    'CONCAT_WS(",", email, phone)',
    'email COLLATE utf8mb4_bin',
    'BINARY email',
    'MAKE_SET(1, email)',
    'EXPORT_SET(1, email, "", "", 1)',
    'LPAD(born, 10, "0")',
    'DATE_FORMAT(born, "%Y-%m-%d")',
  ].map((call) => one('function', call, `SELECT ${call} AS v FROM patients`)),
  mysqlOnly(one('function', 'regexp', 'SELECT REGEXP_REPLACE(email, "(.)", "$1 ") FROM patients')),
  one('expression', 'day arithmetic', 'SELECT born + INTERVAL 0 DAY FROM patients'),
  one('aggregate', 'group_concat', 'SELECT GROUP_CONCAT(email) FROM patients'),
  one('aggregate', 'json_arrayagg', 'SELECT JSON_ARRAYAGG(email) FROM patients'),
  one('aggregate', 'min', 'SELECT MIN(tax_id), MAX(phone) FROM patients'),
  mysqlOnly(one('aggregate', 'any_value', 'SELECT ANY_VALUE(email) FROM patients')),
  one('aggregate', 'group by', 'SELECT email, COUNT(*) FROM patients GROUP BY email'),
  one('aggregate', 'window', 'SELECT FIRST_VALUE(email) OVER (ORDER BY id) FROM patients'),
  one('aggregate', 'lag', 'SELECT LAG(tax_id) OVER (ORDER BY id) FROM patients'),
  one('aggregate', 'rollup', 'SELECT email, COUNT(*) FROM patients GROUP BY email WITH ROLLUP'),
  one('function', 'stored', 'SELECT email_of(id) FROM visits'),
  one('function', 'stored, qualified', 'SELECT clinic.email_of(2)'),
  one('procedure', 'call', 'CALL dump_patients()'),
  one('json', 'extract', "SELECT JSON_EXTRACT(doc, '$.patient.name') FROM files"),
  mysqlOnly(one('json', 'arrow', "SELECT doc->>'$.patient.name' FROM files")),
  one('json', 'json_object', "SELECT JSON_OBJECT('k', email) FROM patients"),
  one(
    'json',
    'json_table',
    "SELECT t.x FROM files f, JSON_TABLE(f.doc, '$.patient' COLUMNS (x varchar(60) PATH '$.name')) t",
  ),
]

const SESSION: readonly Attack[] = [
  one('variable', 'assigned', 'SET @a = (SELECT email FROM patients WHERE id = 1)', 'SELECT @a'),
  one(
    'variable',
    'accumulated',
    "SET @acc = ''",
    'SELECT COUNT(@acc := CONCAT(@acc, email)) FROM patients',
    'SELECT @acc',
  ),
  one('variable', 'into', 'SELECT tax_id INTO @t FROM patients WHERE id = 2', 'SELECT @t'),
  one('prepare', 'text', "PREPARE s FROM 'SELECT email FROM patients'", 'EXECUTE s'),
  one(
    'prepare',
    'from hexadecimal',
    `SET @q = 0x${Buffer.from('SELECT tax_id FROM patients').toString('hex')}`,
    'PREPARE s FROM @q',
    'EXECUTE s',
  ),
  one(
    'prepare',
    'again under its name',
    "PREPARE s FROM 'SELECT reason FROM visits'",
    'EXECUTE s',
    "PREPARE s FROM 'SELECT phone FROM patients'",
    'EXECUTE s',
  ),
  mysqlOnly(
    one(
      'prepare',
      'read again under another mode, since a parameter has another type',
      "SET sql_mode = ''",
      `PREPARE s FROM "SELECT 'a\\\\', CONCAT(email) x FROM clinic.patients -- ' x, ? + 0 FROM clinic.visits"`,
      'SET @p = 1',
      'EXECUTE s USING @p',
      "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
      'SET @p = 1.5e0',
      'EXECUTE s USING @p',
    ),
  ),
  mariadbOnly(one('dynamic', 'execute immediate', "EXECUTE IMMEDIATE CONCAT('SELECT ta', 'x_id FROM patients')")),
  mariadbOnly(one('dynamic', 'block', "BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'SELECT email FROM patients'; END")),
  one('error', 'extractvalue', "SELECT EXTRACTVALUE(1, CONCAT('~', (SELECT email FROM patients LIMIT 1)))"),
  one('error', 'updatexml', "SELECT UPDATEXML(1, CONCAT('~', (SELECT tax_id FROM patients LIMIT 1)), 1)"),
  one('error', 'a warning quotes it', 'SELECT CAST(tax_id AS signed) FROM patients', 'SHOW WARNINGS'),
  one(
    'error',
    'a warning of a write',
    'INSERT INTO scratch.notes (id) SELECT CAST(tax_id AS signed) + 900 FROM patients',
    'SHOW WARNINGS',
  ),
  one(
    'error',
    'duplicate entry',
    'INSERT INTO scratch.unique_notes (v) SELECT email FROM clinic.patients UNION ALL SELECT email FROM clinic.patients',
  ),
  one(
    'laundering',
    'insert select',
    'INSERT INTO scratch.notes (v) SELECT email FROM patients',
    "SELECT v FROM scratch.notes WHERE v LIKE 'can%'",
  ),
  one(
    'laundering',
    'create table as',
    'CREATE TABLE scratch.copy1 AS SELECT tax_id FROM patients',
    'SELECT * FROM scratch.copy1',
  ),
  one(
    'laundering',
    'temporary table',
    'CREATE TEMPORARY TABLE scratch.visits SELECT email AS reason FROM patients',
    'USE scratch',
    'SELECT reason FROM visits',
  ),
  one(
    'laundering',
    'view',
    'CREATE VIEW scratch.v1 AS SELECT email e FROM clinic.patients',
    'SELECT e FROM scratch.v1',
  ),
  one(
    'laundering',
    'update join',
    'INSERT INTO scratch.notes (v) VALUES ("here")',
    'UPDATE scratch.notes n JOIN patients p ON p.id = 1 SET n.v = p.phone WHERE n.v = "here"',
    'SELECT v FROM scratch.notes',
  ),
  one(
    'laundering',
    'on duplicate key',
    'INSERT INTO scratch.notes (id, v) VALUES (5, "x")',
    'INSERT INTO scratch.notes (id, v) SELECT 5, "y" FROM patients p WHERE p.id = 2 ON DUPLICATE KEY UPDATE v = (SELECT tax_id FROM patients WHERE id = 2)',
    'SELECT v FROM scratch.notes WHERE id = 5',
  ),
  mariadbOnly(
    one(
      'laundering',
      'returning',
      'INSERT INTO scratch.notes (v) VALUES ("r") RETURNING (SELECT email FROM clinic.patients LIMIT 1)',
    ),
  ),
  one(
    'laundering',
    'replace',
    'REPLACE INTO scratch.notes (id, v) SELECT 800 + id, phone FROM patients',
    'SELECT v FROM scratch.notes WHERE id > 800',
  ),
  one(
    'laundering',
    'routine of my own',
    'CREATE FUNCTION scratch.f1() RETURNS varchar(200) READS SQL DATA RETURN (SELECT email FROM clinic.patients LIMIT 1)',
    'SELECT scratch.f1()',
  ),
  one('lexical', 'executable comment', 'SELECT id, /*! email, */ full_name FROM patients'),
  one('lexical', 'executable comment with a version', 'SELECT /*!50000 email */ FROM patients'),
  one('lexical', 'comment in the name', 'SELECT patients./**/email FROM patients'),
  one('lexical', 'junk first', '/* a */ ( /* b */ SELECT email FROM patients )'),
  one('lexical', 'braces', 'SELECT {x email} FROM patients'),
  one('lexical', 'backquotes', 'SELECT `email` FROM `clinic` . `patients`'),
  one('lexical', 'upper case', 'SELECT EMAIL FROM patients'),
  one('lexical', 'calc found rows', 'SELECT SQL_CALC_FOUND_ROWS email FROM patients LIMIT 2'),
  one(
    'lexical',
    'no backslash escapes',
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "SELECT 'x\\', email FROM patients -- '",
  ),
  one('lexical', 'ansi quotes', "SET sql_mode = 'ANSI_QUOTES'", 'SELECT "email" FROM patients'),
  one(
    'lexical',
    'a variable in double quotes that are a name',
    "SET sql_mode = 'ANSI_QUOTES'",
    'SELECT IFNULL(@"a\\", email) x FROM patients -- ", id) x FROM patients',
  ),
  one('lexical', 'line comment without a blank', 'SELECT 1--1, email FROM patients'),
  one('lexical', 'hash comment', 'SELECT id, # x\n email FROM patients'),
  mariadbOnly(one('lexical', 'MariaDB comment', 'SELECT /*M! email */ FROM patients')),
  mysqlOnly(one('lexical', 'comment for a later version', 'SELECT /*!80400 email */ FROM patients')),
  one('lexical', 'reserved as alias', 'SELECT email `select` FROM patients `from`'),
  one('encoding', 'utf16 result', 'SET character_set_results = utf16', 'SELECT email FROM patients'),
  one('encoding', 'client charset', 'SET NAMES sjis', 'SELECT email FROM patients'),
  one('encoding', 'introducer', 'SELECT CONCAT(_utf8mb4 0x20, email) FROM patients'),
  mysqlOnly(
    one(
      'explain',
      'folded constants',
      'EXPLAIN FORMAT=TRADITIONAL SELECT email FROM patients WHERE id = 1',
      'SHOW WARNINGS',
    ),
  ),
  mariadbOnly(
    one('explain', 'folded constants', 'EXPLAIN EXTENDED SELECT email FROM patients WHERE id = 1', 'SHOW WARNINGS'),
  ),
  mysqlOnly(
    one('explain', 'json plan', 'EXPLAIN FORMAT=JSON SELECT email FROM patients WHERE id = 1', 'SHOW WARNINGS'),
  ),
  mysqlOnly(
    one(
      'statistics',
      'histogram',
      "SELECT CONVERT(FROM_BASE64(SUBSTRING_INDEX(JSON_UNQUOTE(JSON_EXTRACT(histogram, '$.buckets[0][0]')), ':', -1)) USING utf8mb4) h FROM information_schema.column_statistics WHERE table_name = 'patients'",
    ),
  ),
  mariadbOnly(
    one(
      'statistics',
      'column_stats',
      "SELECT min_value, max_value FROM mysql.column_stats WHERE table_name = 'patients'",
    ),
  ),
]

const DENIED: readonly Attack[] = [
  one('scope', 'another database', 'SELECT secret FROM vault.api_keys'),
  one('scope', 'after use', 'USE vault', 'SELECT secret FROM api_keys'),
  one('scope', 'spaced backquotes', 'SELECT * FROM `vault` . `api_keys`'),
  one('scope', 'in a join', 'SELECT k.secret FROM visits v JOIN vault.api_keys k'),
  one('scope', 'in a CTE', 'WITH k AS (SELECT * FROM vault.api_keys) SELECT * FROM k'),
  one(
    'scope',
    'in EXISTS',
    'SELECT id FROM visits WHERE EXISTS (SELECT 1 FROM vault.api_keys WHERE owner = "owner 1")',
  ),
  one('scope', 'describe', 'DESCRIBE vault.api_keys'),
  one('scope', 'show create', 'SHOW CREATE TABLE vault.api_keys'),
  one('scope', 'accounts', 'SELECT user, host FROM mysql.user'),
  one('catalog', 'definition of a view', 'SHOW CREATE VIEW leaky'),
  one('activity', 'process list as a table', 'SELECT info FROM information_schema.processlist'),
  one('activity', 'statements', 'SELECT sql_text FROM performance_schema.events_statements_history'),
  one('activity', 'engine status', 'SHOW ENGINE INNODB STATUS'),
  one('inference', 'time', 'SELECT SLEEP(0.01) FROM visits'),
  one('inference', 'benchmark', "SELECT BENCHMARK(10, SHA2('x', 256))"),
  one('inference', 'a lock', "SELECT GET_LOCK('x', 0)"),
  one('export', 'load_file', "SELECT LOAD_FILE('/etc/hostname')"),
  one('write', 'insert', 'START TRANSACTION', 'INSERT INTO clinic.cards VALUES (90, 1, "x", "y")', 'ROLLBACK'),
  one('write', 'update', 'START TRANSACTION', 'UPDATE patients SET full_name = "x" WHERE id = 1', 'ROLLBACK'),
  one('write', 'delete', 'START TRANSACTION', 'DELETE FROM patients WHERE email LIKE "z%"', 'ROLLBACK'),
  one('write', 'grant', 'GRANT SELECT ON clinic.* TO app@"%"'),
  one('write', 'lock tables', 'LOCK TABLES patients READ', 'UNLOCK TABLES'),
  one('write', 'event', 'CREATE EVENT IF NOT EXISTS scratch.e1 ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1'),
  one('write', 'global setting', 'SET GLOBAL max_connections = 61'),
  one('write', 'flush', 'FLUSH STATUS'),
  one('write', 'own account', 'SET ROLE NONE'),
].map(denied)

const ORACLES: readonly Attack[] = [
  oracle('inference', 'equality', (guess) => `SELECT id FROM patients WHERE email = '${guess}'`),
  oracle('inference', 'like', (guess) => `SELECT COUNT(*) FROM patients WHERE email LIKE '${guess.slice(0, 8)}%'`),
  oracle(
    'inference',
    'join on a guess',
    (guess) => `SELECT p.id FROM (SELECT '${guess}' g) q JOIN patients p ON p.email = q.g`,
  ),
  oracle('inference', 'in', (guess) => `SELECT COUNT(*) FROM visits WHERE '${guess}' IN (SELECT email FROM patients)`),
  oracle('inference', 'generated column', (guess) => `SELECT id FROM patients WHERE email_lower = '${guess}'`),
  oracle('inference', 'having', (guess) => `SELECT MAX(id) FROM patients GROUP BY id HAVING MAX(email) = '${guess}'`),
  oracle('inference', 'row comparison', (guess) => `SELECT id FROM patients WHERE (email, 1) = ('${guess}', 1)`),
  oracle('inference', 'sorted by a guess', (guess) => `SELECT id FROM patients ORDER BY email = '${guess}', id`),
  oracle('inference', 'view', (guess) => `SELECT patient_id FROM contacts WHERE contact = '${guess}'`),
  oracle(
    'inference',
    'an error',
    (guess) => `SELECT IF(email = '${guess}', (SELECT 1 UNION SELECT 2), 1) AS v FROM patients WHERE id = 1`,
  ),
  oracle('inference', 'a group', (guess) => `SELECT COUNT(*) FROM patients GROUP BY email < '${guess}'`),
  oracle('inference', 'a limit', (guess) => `SELECT id FROM patients WHERE INSTR(email, '${guess}') LIMIT 1`),
  oracle(
    'inference',
    'quantified',
    (guess) => `SELECT 1 FROM visits WHERE '${guess}' = ANY (SELECT email FROM patients)`,
  ),
  oracle(
    'inference',
    'ON of a left join',
    (guess) => `SELECT v.id, p.id FROM visits v LEFT JOIN patients p ON p.email = '${guess}'`,
  ),
  oracle('inference', 'a plan', (guess) => `EXPLAIN SELECT * FROM patients WHERE email = '${guess}'`),
]

const BLIND: readonly Attack[] = [
  one('inference', 'sorted', 'SELECT id FROM patients ORDER BY email'),
  one('inference', 'sorted by position', 'SELECT id, phone FROM patients ORDER BY 2 DESC LIMIT 1'),
  one('inference', 'order of an index', 'SELECT id FROM patients USE INDEX (email)'),
  one(
    'inference',
    'order of an index, derived',
    'SELECT q.id FROM (SELECT id FROM patients FORCE INDEX (email) WHERE id > 0) q',
  ),
  one('inference', 'rank', 'SELECT id, RANK() OVER (ORDER BY email) r FROM patients ORDER BY id'),
  one('inference', 'digest', 'SELECT SHA2(CONCAT(email, tax_id), 256) v FROM patients'),
  one('inference', 'checksum', 'SELECT BIT_XOR(CRC32(email)) FROM patients'),
  one('inference', 'first letter', 'SELECT ASCII(email), ORD(SUBSTR(tax_id, 4)) FROM patients'),
  one('inference', 'sum', 'SELECT SUM(balance), AVG(balance), STD(balance) FROM patients'),
  one('inference', 'bits', 'SELECT balance & 255, balance >> 1 FROM patients'),
  one('inference', 'dates', 'SELECT YEAR(born), DATEDIFF(born, "1900-01-01") FROM patients'),
  one('inference', 'soundex', 'SELECT SOUNDEX(email) FROM patients'),
  one('inference', 'position', 'SELECT LOCATE("y", email), FIELD(phone, "+00-7351-0001") AS v FROM patients'),
  one('inference', 'comparison', 'SELECT id FROM patients WHERE email > "m"'),
  one('inference', 'between columns', 'SELECT p.id FROM patients p JOIN cards c ON RIGHT(c.pan, 4) < p.balance'),
  one('inference', 'a CASE in a sort', 'SELECT id FROM patients ORDER BY CASE WHEN email < "m" THEN id ELSE -id END'),
  one(
    'inference',
    'a condition on another table',
    'SELECT id FROM visits WHERE (SELECT email FROM patients WHERE id = 1) < "m"',
  ),
  one(
    'inference',
    'an EXISTS',
    'SELECT id FROM visits WHERE EXISTS (SELECT 1 FROM patients WHERE tax_id LIKE "TAXCAN%")',
  ),
  one(
    'inference',
    'rows found',
    'SELECT SQL_CALC_FOUND_ROWS id FROM patients WHERE email < "m" LIMIT 1',
    'SELECT FOUND_ROWS()',
  ),
  one(
    'inference',
    'rows changed',
    'INSERT INTO scratch.notes (v) SELECT "n" FROM clinic.patients WHERE email < "m"',
    'SELECT ROW_COUNT()',
  ),
  one('inference', 'last id', 'SELECT LAST_INSERT_ID(balance) FROM patients WHERE id = 1', 'SELECT LAST_INSERT_ID()'),
  one(
    'inference',
    'count of warnings',
    'SELECT IF(email < "m", CAST("x" AS signed), 0) v FROM patients',
    'SELECT @@warning_count',
  ),
  one('inference', 'sorted by a limit', 'SELECT id FROM patients ORDER BY email LIMIT 1'),
  one('inference', 'sorted in a group_concat', 'SELECT GROUP_CONCAT(id ORDER BY email) FROM patients'),
  one('inference', 'order of a view', 'SELECT patient_id FROM contacts'),
  // MariaDB leaves rows with equal keys in an order of chance.
  mysqlOnly(one('inference', 'sorted through a view', 'SELECT patient_id FROM contacts ORDER BY contact')),
  one('inference', 'rows of a view', 'SELECT COUNT(*) FROM leaky'),
  one('inference', 'checksum of a table', 'CHECKSUM TABLE patients'),
].map((attack) => ({ ...attack, blind: true }))

export const ATTACKS: readonly Attack[] = [...READS, ...FUNCTIONS, ...SESSION, ...DENIED, ...ORACLES, ...BLIND]
