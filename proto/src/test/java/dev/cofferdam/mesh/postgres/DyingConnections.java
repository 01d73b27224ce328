package dev.cofferdam.mesh.postgres;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/** Connections whose server process can be made to die when all work is done and not committed. */
public final class DyingConnections {
  private final DataSource real;
  private final AtomicBoolean kill = new AtomicBoolean();

  /** Connections of a source, until {@link #killBeforeNextCommit}. */
  public DyingConnections(DataSource real) {
    this.real = real;
  }

  /** Kills the server process of the next connection that is about to commit. */
  public void killBeforeNextCommit() {
    kill.set(true);
  }

  /** Where the connections come from. */
  public DataSource source() {
    return proxy(
        DataSource.class,
        real,
        (method, arguments) ->
            method.getName().equals("getConnection")
                ? connection()
                : call(real, method, arguments));
  }

  private Connection connection() throws SQLException {
    Connection connection = real.getConnection();
    return proxy(
        Connection.class,
        connection,
        (method, arguments) -> {
          if (method.getName().equals("commit") && kill.compareAndSet(true, false)) {
            int pid = connection.unwrap(PGConnection.class).getBackendPID();
            TestDatabase.execute(real, "select pg_terminate_backend(" + pid + ", 5000)");
          }
          return call(connection, method, arguments);
        });
  }

  private interface Handler {
    Object handle(Method method, Object[] arguments) throws Throwable;
  }

  private static <T> T proxy(Class<T> type, T target, Handler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            target.getClass().getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> handler.handle(method, arguments)));
  }

  private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
