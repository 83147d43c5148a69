import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.h2.tools.Server;

/**
 * What the nodes of a cluster share: a ZooKeeper and an H2 that listens, both on 127.0.0.1, both made of classes that are
 * on an OAP's own classpath.
 *
 * Arguments: ZooKeeper's port, H2's port, a data folder, the longest session of ZooKeeper in ms.
 * Reads SQL statements, one a line, and answers each in one line of JSON. Ends when standard input closes.
 */
public final class ZooKeeperAndH2 {

    private static final String DATABASE = "jdbc:h2:mem:oap;DB_CLOSE_DELAY=-1;DATABASE_TO_UPPER=FALSE";
    private static final int MOST_CONNECTIONS = 100;

    public static void main(String[] args) throws Exception {
        startZooKeeper(Integer.parseInt(args[0]), new File(args[2]), Integer.parseInt(args[3]));
        startH2(args[1]);
        System.out.println("ready");

        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            System.out.println(answer(line));
            System.out.flush();
        }
        System.exit(0);
    }

    private static void startZooKeeper(int port, File data, int sessionMs) throws Exception {
        // It would want a port of its own.
        System.setProperty("zookeeper.admin.enableServer", "false");
        ZooKeeperServer server = new ZooKeeperServer(data, data, Math.max(100, sessionMs / 20));
        server.setMinSessionTimeout(Math.min(1000, sessionMs));
        server.setMaxSessionTimeout(sessionMs);
        ServerCnxnFactory factory = ServerCnxnFactory.createFactory();
        factory.configure(new InetSocketAddress("127.0.0.1", port), MOST_CONNECTIONS);
        factory.startup(server);
    }

    private static void startH2(String port) throws Exception {
        System.setProperty("h2.bindAddress", "127.0.0.1");
        Class.forName("org.h2.Driver");
        // Over TCP, H2 2 refuses a database that does not exist.
        connect().close();
        Server.createTcpServer("-tcpPort", port).start();
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(DATABASE, "sa", "");
    }

    private static String answer(String sql) {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "{\"updated\":" + statement.getUpdateCount() + "}";
            }
            try (ResultSet found = statement.getResultSet()) {
                return "{\"rows\":" + rows(found) + "}";
            }
        } catch (SQLException failure) {
            return "{\"error\":" + quote(failure.getMessage()) + "}";
        }
    }

    private static String rows(ResultSet found) throws SQLException {
        int columns = found.getMetaData().getColumnCount();
        StringBuilder rows = new StringBuilder("[");
        while (found.next()) {
            rows.append(rows.length() > 1 ? ",[" : "[");
            for (int i = 1; i <= columns; i++) {
                rows.append(i > 1 ? "," : "").append(quote(found.getString(i)));
            }
            rows.append(']');
        }
        return rows.append(']').toString();
    }

    private static String quote(String text) {
        if (text == null) {
            return "null";
        }
        String safe = text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\r", "\\r");
        return '"' + safe + '"';
    }

    private ZooKeeperAndH2() {
    }
}
