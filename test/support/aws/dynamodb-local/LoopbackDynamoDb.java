// DynamoDB Local on a free port of 127.0.0.1, in memory, until stdin closes. Its own command line listens on every
// interface and outlives whoever started it.
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

public final class LoopbackDynamoDb {
  public static void main(String[] args) throws Exception {
    DynamoDBProxyServer proxy =
        ServerRunner.createServerFromCommandLineArgs(
            new String[] {"-inMemory", "-sharedDb", "-disableTelemetry", "-port", "8000"});
    ServerConnector connector = loopback(proxy);
    proxy.start();
    System.out.println("listening on " + connector.getLocalPort());
    while (System.in.read() >= 0) {}
    // Nothing is worth saving, and an orderly stop waits for idle connections.
    Runtime.getRuntime().halt(0);
  }

  /** The server holds its connectors in a private field, and reads their settings when it starts. */
  private static ServerConnector loopback(DynamoDBProxyServer proxy) throws Exception {
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    ServerConnector last = null;
    for (Connector connector : ((Server) field.get(proxy)).getConnectors()) {
      last = (ServerConnector) connector;
      last.setHost("127.0.0.1");
      last.setPort(0);
    }
    if (last == null) throw new IllegalStateException("the server has no connector");
    return last;
  }
}
