/** The same small payments company in MySQL and MariaDB: the schema `pay` is a database here. Every person is made up. */
/** `n (i)` counts from 1; MySQL stops a recursive query after 1000 steps and MariaDB knows no setting of that name. */
function counted(upTo: number): string {
  const digits =
    '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)'
  const all = `SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS i FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e`
  return `(SELECT i FROM (${all}) every WHERE i <= ${upTo} ORDER BY i) n`
}

export const MYSQL_DEMO_SQL: readonly string[] = [
  'CREATE DATABASE pay CHARACTER SET utf8mb4',
  'CREATE DATABASE internal CHARACTER SET utf8mb4',
  `CREATE TABLE pay.merchants (
     id int PRIMARY KEY, name varchar(80) NOT NULL, country char(2) NOT NULL, category varchar(20) NOT NULL)`,
  `CREATE TABLE pay.customers (
     id int PRIMARY KEY, full_name varchar(80) NOT NULL, email varchar(120) NOT NULL UNIQUE, phone varchar(40),
     national_id varchar(20), date_of_birth date, country char(2) NOT NULL, created_at datetime NOT NULL,
     email_lower varchar(120) AS (lower(email)) STORED)`,
  `CREATE TABLE pay.cards (
     id int PRIMARY KEY, customer_id int NOT NULL, brand varchar(10) NOT NULL, pan varchar(24) NOT NULL,
     expires_on date NOT NULL, FOREIGN KEY (customer_id) REFERENCES pay.customers (id))`,
  `CREATE TABLE pay.payments (
     id int PRIMARY KEY, customer_id int NOT NULL, merchant_id int NOT NULL, card_id int NOT NULL,
     amount decimal(12,2) NOT NULL, currency char(3) NOT NULL, status varchar(20) NOT NULL, created_at datetime NOT NULL,
     KEY payments_customer (customer_id))`,
  `CREATE TABLE pay.refunds (
     id int PRIMARY KEY AUTO_INCREMENT, payment_id int NOT NULL, amount decimal(12,2) NOT NULL, reason varchar(80),
     created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  'CREATE TABLE internal.api_keys (id int PRIMARY KEY, owner varchar(40) NOT NULL, secret varchar(80) NOT NULL)',
  `INSERT INTO pay.merchants SELECT i, CONCAT('Example Shop ', i), ELT(1 + i % 4, 'DE','FR','US','JP'), ELT(1 + i % 3, 'books','food','travel') FROM ${counted(12)}`,
  `INSERT INTO pay.customers (id, full_name, email, phone, national_id, date_of_birth, country, created_at)
     SELECT i, CONCAT(ELT(1 + i % 8, 'Ada','Ben','Cleo','Dan','Eve','Finn','Gus','Hana'), ' Sample-', LPAD(i, 3, '0')),
            CONCAT('person', LPAD(i, 3, '0'), '@mail.example'), CONCAT('+1-555-01', LPAD(i % 100, 2, '0')),
            CONCAT('900-', LPAD(i % 100, 2, '0'), '-', LPAD(i, 4, '0')),
            DATE_ADD('1960-01-01', INTERVAL i * 37 % 15000 DAY), ELT(1 + i % 4, 'DE','FR','US','JP'),
            DATE_ADD('2026-01-01 08:00:00', INTERVAL i * 3 HOUR) FROM ${counted(200)}`,
  `INSERT INTO pay.cards SELECT i, i, ELT(1 + i % 2, 'visa','mc'), CONCAT('4929', LPAD(771209190037 + i * 79, 12, '0')),
            DATE_ADD('2028-01-31', INTERVAL i DAY) FROM ${counted(200)}`,
  `INSERT INTO pay.payments SELECT i, 1 + i % 200, 1 + i % 12, 1 + i % 200, (i * 137 % 90000) / 100.0 + 1, ELT(1 + i % 3, 'EUR','USD','JPY'),
            ELT(1 + i % 4, 'settled','settled','pending','failed'), DATE_ADD('2026-06-01', INTERVAL i * 7 MINUTE) FROM ${counted(2000)}`,
  `INSERT INTO pay.refunds (payment_id, amount, reason, created_at) SELECT i * 20, 5, 'goodwill', DATE_ADD('2026-07-01', INTERVAL i HOUR) FROM ${counted(50)}`,
  `INSERT INTO internal.api_keys VALUES (1, 'ledger', 'demo-not-a-real-key-1'), (2, 'mailer', 'demo-not-a-real-key-2')`,
  'CREATE VIEW pay.customer_contacts AS SELECT id AS customer_id, full_name, email AS contact FROM pay.customers',
]
