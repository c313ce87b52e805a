import java.io.ByteArrayOutputStream;
import java.io.StringReader;
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
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;

/** What programs do with pgjdbc: one line per step, the same straight and through a proxy. */
public class Faithful {
  private static final String COUNT = "SELECT count(*) FROM generate_series(1, 1000000000)";

  public static void main(String[] arguments) throws Exception {
    Properties login = new Properties();
    login.setProperty("user", arguments[0]);
    login.setProperty("password", System.getenv("TOKEN"));
    login.setProperty("sslmode", "verify-full");
    login.setProperty("sslrootcert", System.getenv("CA"));
    String address = "jdbc:postgresql://localhost:" + System.getenv("PORT") + "/postgres";
    for (String mode : new String[] {"extended", "simple"}) {
      login.setProperty("preferQueryMode", mode);
      try (Connection connection = DriverManager.getConnection(address, login)) {
        System.out.println("mode " + mode);
        threshold(connection);
        batch(connection);
        fetchSize(connection);
        transactions(connection);
      }
    }
    login.setProperty("reWriteBatchedInserts", "true");
    login.setProperty("preferQueryMode", "extended");
    try (Connection connection = DriverManager.getConnection(address, login)) {
      batch(connection);
      cancel(connection);
      copy(connection);
      metadata(connection.getMetaData());
    }
  }

  /** From the fifth execution on the statement has a name on the server. */
  private static void threshold(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, name, price FROM club.boats WHERE id = ?")) {
      for (int turn = 0; turn < 8; turn++) {
        statement.setInt(1, turn % 3 + 1);
        try (ResultSet rows = statement.executeQuery()) {
          show("threshold " + statement.unwrap(PGStatement.class).isUseServerPrepare(), rows);
        }
      }
      statement.setInt(1, 1);
      ResultSetMetaData columns = statement.getMetaData();
      for (int at = 1; at <= columns.getColumnCount(); at++) {
        System.out.println("column " + columns.getColumnName(at) + " " + columns.getColumnTypeName(at) + " " + columns.getTableName(at) + " " + columns.isNullable(at) + " " + columns.isAutoIncrement(at));
      }
      System.out.println("parameter " + statement.getParameterMetaData().getParameterTypeName(1));
    }
  }

  private static void batch(Connection connection) throws SQLException {
    String text = "INSERT INTO club.drafts (id, label) VALUES (?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int id = 9000; id < 9100; id++) {
        statement.setInt(1, id);
        statement.setString(2, "batch " + id);
        statement.addBatch();
      }
      System.out.println("batch " + Arrays.stream(statement.executeBatch()).filter(count -> count == 1 || count == Statement.SUCCESS_NO_INFO).count());
    }
    try (PreparedStatement statement = connection.prepareStatement(text, new String[] {"id", "amount"})) {
      for (int id = 9100; id < 9103; id++) {
        statement.setInt(1, id);
        statement.setString(2, "keys");
        statement.addBatch();
      }
      statement.executeBatch();
      show("keys", statement.getGeneratedKeys());
      statement.setInt(1, 9000);
      statement.setString(2, "again");
      statement.addBatch();
      statement.executeBatch();
    } catch (BatchUpdateException error) {
      System.out.println("batch that fails " + error.getSQLState() + " " + Arrays.toString(error.getUpdateCounts()));
    }
    try (Statement statement = connection.createStatement()) {
      System.out.println("update " + statement.executeUpdate("UPDATE club.drafts SET amount = 1 WHERE id >= 9000"));
      System.out.println("delete " + statement.executeUpdate("DELETE FROM club.drafts WHERE id >= 9000"));
    }
  }

  private static void fetchSize(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement("SELECT n, b.name FROM generate_series(1, 250) n JOIN club.boats b ON b.id = n % 3 + 1 ORDER BY n")) {
      for (int size : new int[] {1, 7, 100, 250, 1000}) {
        statement.setFetchSize(size);
        int sum = 0;
        try (ResultSet rows = statement.executeQuery(); ResultSet other = connection.createStatement().executeQuery("SELECT 1")) {
          while (rows.next()) sum += rows.getInt(1) + rows.getString(2).length();
          System.out.println("fetch size " + size + " " + sum + " " + other.next());
        }
      }
    }
    connection.rollback();
    connection.setAutoCommit(true);
  }

  private static void transactions(Connection connection) throws SQLException {
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setAutoCommit(false);
    Savepoint point = connection.setSavepoint("point one");
    failing(connection, "SELECT nowhere FROM club.boats");
    failing(connection, "SELECT 1");
    connection.rollback(point);
    try (Statement statement = connection.createStatement()) {
      boolean rows = statement.execute("SELECT 1; UPDATE club.drafts SET amount = amount WHERE id = 1; SELECT 2, 3");
      System.out.println("several " + rows + " " + statement.getMoreResults() + " " + statement.getUpdateCount() + " " + statement.getMoreResults());
      show("isolation", statement.executeQuery("SHOW transaction_isolation"));
    }
    connection.rollback();
    connection.setReadOnly(true);
    failing(connection, "UPDATE club.drafts SET amount = 2 WHERE id = 1");
    connection.rollback();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);
    System.out.println("valid " + connection.isValid(2) + " " + connection.getSchema() + " " + connection.getCatalog());
  }

  private static void failing(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
      System.out.println("ran " + text);
    } catch (SQLException error) {
      System.out.println("error " + error.getSQLState());
    }
  }

  private static void cancel(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute(COUNT);
    } catch (SQLException error) {
      System.out.println("timeout " + error.getSQLState());
    }
    try (Statement statement = connection.createStatement()) {
      Thread other = new Thread(() -> {
        try {
          Thread.sleep(300);
          statement.cancel();
        } catch (Exception error) {
          System.out.println("cancel failed " + error);
        }
      });
      other.start();
      failing(statement.getConnection(), "SELECT 1");
      try {
        statement.execute(COUNT);
      } catch (SQLException error) {
        System.out.println("cancel " + error.getSQLState());
      }
      other.join();
    }
    failing(connection, "SELECT 1");
  }

  private static void copy(Connection connection) throws Exception {
    CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
    for (String format : new String[] {"text", "csv", "binary"}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      long rows = manager.copyOut("COPY club.boats (id, name, price) TO STDOUT (FORMAT " + format + ")", out);
      System.out.println("copy " + format + " " + rows + " " + Arrays.hashCode(out.toByteArray()));
    }
    long rows = manager.copyIn("COPY club.drafts (id, label) FROM STDIN", new StringReader("9001\ta\n9002\tb\n"));
    System.out.println("copied " + rows);
    try {
      manager.copyIn("COPY club.drafts (id, label) FROM STDIN", new StringReader("9003\ta\nx\tb\n"));
    } catch (SQLException error) {
      System.out.println("copy that fails " + error.getSQLState());
    }
    try (Statement statement = connection.createStatement()) {
      System.out.println("delete " + statement.executeUpdate("DELETE FROM club.drafts WHERE id >= 9000"));
    }
  }

  private static void metadata(DatabaseMetaData data) throws SQLException {
    System.out.println(data.getDatabaseProductName() + " " + data.getDatabaseMajorVersion());
    show("catalogs", data.getCatalogs());
    show("schemas", data.getSchemas(null, "cl%"));
    show("tables", data.getTables(null, "club", "%", new String[] {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE"}));
    show("table types", data.getTableTypes());
    for (String table : new String[] {"trips", "boats", "members", "cards"}) {
      show("columns", data.getColumns(null, "club", table, "%"));
      show("primary keys", data.getPrimaryKeys(null, "club", table));
      show("imported keys", data.getImportedKeys(null, "club", table));
      show("exported keys", data.getExportedKeys(null, "club", table));
      show("indexes", data.getIndexInfo(null, "club", table, false, true), "CARDINALITY", "PAGES");
      show("row identifier", data.getBestRowIdentifier(null, "club", table, DatabaseMetaData.bestRowSession, true));
      show("version columns", data.getVersionColumns(null, "club", table));
      show("privileges", data.getTablePrivileges(null, "club", table));
      show("column privileges", data.getColumnPrivileges(null, "club", table, "id"));
    }
    show("functions", data.getFunctions(null, "club", "%"));
    show("function columns", data.getFunctionColumns(null, "club", "%", "%"));
    show("procedures", data.getProcedures(null, "club", "%"));
    show("procedure columns", data.getProcedureColumns(null, "club", "%", "%"));
    show("types", data.getUDTs(null, "club", "%", null));
    show("cross reference", data.getCrossReference(null, "club", "boats", null, "club", "trips"));
    show("client info", data.getClientInfoProperties());
    int types = 0;
    try (ResultSet rows = data.getTypeInfo()) {
      while (rows.next()) types++;
    }
    System.out.println("types " + types + " " + data.getMaxColumnNameLength() + " " + data.getSQLKeywords().length() + " " + data.getMaxConnections());
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
