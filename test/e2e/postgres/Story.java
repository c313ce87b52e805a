import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** A short story with pgjdbc: one line per step, for the test that runs it. */
public class Story {
  public static void main(String[] arguments) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", arguments[0]);
    login.setProperty("password", System.getenv("TOKEN"));
    login.setProperty("sslmode", "verify-full");
    login.setProperty("sslrootcert", System.getenv("CA"));
    // From the first execution on a named statement with binary results, where the driver knows how.
    login.setProperty("prepareThreshold", "-1");
    String address = "jdbc:postgresql://localhost:" + System.getenv("PORT") + "/postgres";
    try (Connection connection = DriverManager.getConnection(address, login)) {
      read(connection);
      connection.setAutoCommit(false);
      portal(connection);
      refused(connection, "SELECT code FROM club.safes");
      refused(connection, "SELECT 1");
      connection.rollback();
      browse(connection);
      connection.rollback();
    }
  }

  private static void read(Connection connection) throws SQLException {
    String text = "SELECT id, phone, born, dues FROM club.members WHERE id = ?";
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int id = 1; id <= 3; id++) {
        statement.setInt(1, id);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          System.out.println("masked " + rows.getInt(1) + " " + rows.getString(2) + " " + rows.getDate(3) + " " + rows.getBigDecimal(4));
        }
      }
    }
  }

  /** A fetch size makes the driver suspend its portal. */
  private static void portal(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(10);
      int count = 0;
      try (ResultSet rows = statement.executeQuery("SELECT g, m.phone FROM generate_series(1, 95) g JOIN club.members m ON m.id = 2")) {
        while (rows.next()) if (rows.getString(2).equals("***********222")) count++;
      }
      System.out.println("portal " + count);
    }
  }

  private static void refused(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery(text);
      System.out.println("allowed " + text);
    } catch (SQLException error) {
      System.out.println("refused " + error.getSQLState());
    }
  }

  private static void browse(Connection connection) throws SQLException {
    try (ResultSet tables = connection.getMetaData().getTables(null, "club", "boats", null)) {
      while (tables.next()) System.out.println("table " + tables.getString("TABLE_NAME"));
    }
    try (ResultSet columns = connection.getMetaData().getColumns(null, "club", "boats", null)) {
      while (columns.next()) System.out.println("column " + columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
    }
    try (ResultSet keys = connection.getMetaData().getPrimaryKeys(null, "club", "boats")) {
      while (keys.next()) System.out.println("key " + keys.getString("COLUMN_NAME"));
    }
  }
}
