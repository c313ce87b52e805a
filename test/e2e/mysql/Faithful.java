import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.Properties;

/**
 * What programs do with a JDBC driver of MySQL or MariaDB: one line per step, the same straight and through a proxy.
 * JDBC and OPTIONS in the environment choose another driver than MariaDB's.
 */
public class Faithful {
  private static final String[] MODES = {
    "", "useServerPrepStmts=true", "useServerPrepStmts=true&cachePrepStmts=true", "rewriteBatchedStatements=true",
    "useServerPrepStmts=true&useBulkStmts=true", "useServerPrepStmts=true&useCursorFetch=true&defaultFetchSize=2",
    "useBatchMultiSend=true", "cacheServerConfiguration=true", "useCompression=true", "usePipelineAuth=true", "useLocalSessionState=true",
    "allowMultiQueries=true", "sessionVariables=sql_mode='TRADITIONAL'", "useAffectedRows=true", "dumpQueriesOnException=true",
  };

  public static void main(String[] arguments) throws Exception {
    Properties login = new Properties();
    login.setProperty("user", arguments[0]);
    login.setProperty("password", System.getenv("TOKEN"));
    String options = System.getenv("OPTIONS") == null ? "useSsl=true&serverSslCert=" + System.getenv("CA") : System.getenv("OPTIONS");
    String driver = System.getenv("JDBC") == null ? "jdbc:mariadb://" : System.getenv("JDBC");
    String address = driver + "127.0.0.1:" + System.getenv("PORT") + "/clinic?" + options;
    for (String mode : MODES) {
      try (Connection connection = DriverManager.getConnection(address + "&" + mode, login)) {
        System.out.println("mode " + mode);
        prepared(connection);
        batch(connection);
        streaming(connection);
        transactions(connection);
        multiple(connection, mode);
      }
    }
    try (Connection connection = DriverManager.getConnection(address, login)) {
      types(connection);
      cancel(connection);
      metadata(connection.getMetaData());
    }
  }

  private static void prepared(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, label, price, made FROM rooms WHERE id = ? OR label = ?")) {
      for (int turn = 0; turn < 4; turn++) {
        statement.setInt(1, turn);
        statement.setString(2, turn == 3 ? null : "a'\\b\"été");
        show("prepared", statement.executeQuery());
      }
      ResultSetMetaData columns = statement.getMetaData();
      for (int at = 1; at <= columns.getColumnCount(); at++) {
        System.out.println("column " + columns.getColumnName(at) + " " + columns.getColumnTypeName(at) + " " + columns.getTableName(at) + " "
            + columns.getCatalogName(at) + " " + columns.isNullable(at) + " " + columns.isAutoIncrement(at) + " " + columns.getPrecision(at) + " " + columns.getScale(at));
      }
      System.out.println("parameters " + statement.getParameterMetaData().getParameterCount());
    }
  }

  private static void batch(Connection connection) throws SQLException {
    String text = "INSERT INTO notes (id, v) VALUES (?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int id = 9000; id < 9050; id++) {
        statement.setInt(1, id);
        statement.setString(2, "batch " + id);
        statement.addBatch();
      }
      System.out.println("batch " + Arrays.stream(statement.executeBatch()).filter(count -> count == 1 || count == Statement.SUCCESS_NO_INFO).count());
    }
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO notes (v) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
      statement.setString(1, "key");
      statement.executeUpdate();
      try (ResultSet keys = statement.getGeneratedKeys()) {
        System.out.println("key " + (keys.next() && keys.getLong(1) > 9049));
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int id : new int[] {9100, 9000, 9101}) {
        statement.setInt(1, id);
        statement.setString(2, "again");
        statement.addBatch();
      }
      statement.executeBatch();
    } catch (BatchUpdateException error) {
      System.out.println("batch that fails " + error.getErrorCode() + " " + error.getSQLState() + " " + Arrays.toString(error.getUpdateCounts()));
    }
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("UPDATE notes SET v = 'one' WHERE id = 9000");
      statement.addBatch("UPDATE notes SET v = 'one' WHERE id = 9000");
      statement.addBatch("DELETE FROM notes WHERE id = 9001");
      System.out.println("texts " + Arrays.toString(statement.executeBatch()));
      System.out.println("delete " + (statement.executeUpdate("DELETE FROM notes") > 40));
    }
  }

  private static void streaming(Connection connection) throws SQLException {
    for (int size : new int[] {0, 1, 7, 1000, Integer.MIN_VALUE}) {
      try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        statement.setFetchSize(size);
        int sum = 0;
        try (ResultSet rows = statement.executeQuery("SELECT a.id, b.label FROM rooms a JOIN rooms b JOIN rooms c JOIN rooms d JOIN rooms e ORDER BY 1, 2")) {
          while (rows.next()) sum += rows.getInt(1) + rows.getString(2).length();
        }
        System.out.println("fetch size " + size + " " + sum);
      } catch (SQLException error) {
        System.out.println("fetch size " + size + " is refused by the driver " + error.getSQLState());
      }
    }
  }

  private static void transactions(Connection connection) throws SQLException {
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    System.out.println("isolation " + connection.getTransactionIsolation());
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    connection.setAutoCommit(false);
    run(connection, "INSERT INTO notes (id, v) VALUES (1, 'a')");
    Savepoint point = connection.setSavepoint("point one");
    run(connection, "INSERT INTO notes (id, v) VALUES (2, 'a')");
    connection.rollback(point);
    count(connection);
    connection.rollback();
    count(connection);
    connection.setReadOnly(true);
    run(connection, "INSERT INTO notes (id, v) VALUES (3, 'a')");
    connection.rollback();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);
    connection.setCatalog("clinic");
    System.out.println("valid " + connection.isValid(2) + " " + connection.getCatalog() + " " + connection.getWarnings());
  }

  private static void count(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      show("count", statement.executeQuery("SELECT COUNT(*) FROM notes"));
    }
  }

  private static void multiple(Connection connection, String mode) throws SQLException {
    if (!mode.startsWith("allowMulti")) return;
    try (Statement statement = connection.createStatement()) {
      boolean rows = statement.execute("SELECT 1; UPDATE notes SET v = v WHERE id = 1; SELECT 2, 3");
      System.out.println("several " + rows + " " + statement.getMoreResults() + " " + statement.getUpdateCount() + " " + statement.getMoreResults());
      show("last", statement.getResultSet());
    }
  }

  private static void run(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      System.out.println("ran " + statement.execute(text) + " " + statement.getUpdateCount());
    } catch (SQLException error) {
      System.out.println("error " + error.getErrorCode() + " " + error.getSQLState());
    }
  }

  private static void types(Connection connection) throws SQLException {
    for (String text : new String[] {"SELECT * FROM types", "SELECT ? + 1 AS a, ? AS b, ? AS c, ? AS d"}) {
      try (PreparedStatement statement = connection.prepareStatement(text)) {
        if (text.contains("?")) {
          statement.setBigDecimal(1, new BigDecimal("1.50"));
          statement.setNull(2, Types.VARCHAR);
          statement.setTimestamp(3, java.sql.Timestamp.valueOf("2026-01-02 03:04:05.5"));
          statement.setBytes(4, new byte[] {0, 1, 39, 92, -1});
        }
        show("types", statement.executeQuery());
      }
    }
  }

  private static void cancel(Connection connection) throws Exception {
    String slow = "SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c WHERE a.TABLE_NAME <> CONCAT(b.TABLE_NAME, c.TABLE_NAME)";
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute(slow);
    } catch (SQLException error) {
      System.out.println("timeout " + error.getClass().getSimpleName());
    }
    try (Statement statement = connection.createStatement()) {
      Thread other = new Thread(() -> {
        try {
          Thread.sleep(500);
          statement.cancel();
        } catch (Exception error) {
          System.out.println("cancel failed " + error);
        }
      });
      other.start();
      try {
        statement.execute(slow);
      } catch (SQLException error) {
        System.out.println("cancel " + error.getErrorCode() + " " + error.getSQLState());
      }
      other.join();
    }
    run(connection, "SELECT 1");
  }

  private static void metadata(DatabaseMetaData data) throws SQLException {
    System.out.println(data.getDatabaseProductName() + " " + data.getDatabaseProductVersion() + " " + data.getDatabaseMajorVersion() + " " + data.getIdentifierQuoteString());
    show("catalogs", data.getCatalogs());
    show("schemas", data.getSchemas());
    show("tables", data.getTables("clinic", null, "%", new String[] {"TABLE", "VIEW"}));
    show("table types", data.getTableTypes());
    for (String table : new String[] {"rooms", "stays", "visits", "room_list"}) {
      show("columns", data.getColumns("clinic", null, table, "%"));
      show("primary keys", data.getPrimaryKeys("clinic", null, table));
      show("imported keys", data.getImportedKeys("clinic", null, table));
      show("exported keys", data.getExportedKeys("clinic", null, table));
      show("indexes", data.getIndexInfo("clinic", null, table, false, true), "CARDINALITY", "PAGES");
      show("row identifier", data.getBestRowIdentifier("clinic", null, table, DatabaseMetaData.bestRowSession, true));
      show("version columns", data.getVersionColumns("clinic", null, table));
    }
    show("functions", data.getFunctions("clinic", null, "tw%"));
    show("function columns", data.getFunctionColumns("clinic", null, "tw%", "%"));
    show("procedures", data.getProcedures("clinic", null, "no%"));
    show("procedure columns", data.getProcedureColumns("clinic", null, "no%", "%"));
    show("cross reference", data.getCrossReference("clinic", null, "rooms", "clinic", null, "stays"));
    System.out.println("limits " + data.getMaxColumnNameLength() + " " + data.getSQLKeywords().length() + " " + data.supportsBatchUpdates());
  }

  private static void show(String what, ResultSet rows, String... without) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    while (rows.next()) {
      StringBuilder line = new StringBuilder(what);
      for (int at = 1; at <= columns.getColumnCount(); at++) {
        if (!Arrays.asList(without).contains(columns.getColumnLabel(at).toUpperCase())) line.append('|').append(rows.getString(at));
      }
      System.out.println(line);
    }
    rows.close();
  }
}
