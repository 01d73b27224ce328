package dev.cofferdam.gateway.tenancy.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/**
 * The gateway's own database. Every transaction is one tenant's: row-level security shows it that
 * tenant's rows and takes no others, whatever the statement says. It is not used before {@link
 * #open} has seen that this is so for its user and for every table that its user may touch. Blocks;
 * not to be called on an event loop.
 */
public final class TenantDatabase {
  /** Transactions of a tenant at once: half of the connections. */
  private static final int PER_TENANT_MAX = 4;

  private static final String TAKE =
      """
      select set_config('cofferdam.tenant', ?, true), set_config('statement_timeout', ?, true),
        set_config('lock_timeout', ?, true)
      """;

  private static final String USER_PASSES =
      """
      select 'its user ' || rolname || ' is a superuser or passes row-level security'
      from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)
      """;

  private static final String TABLES_OPEN =
      """
      select 'table ' || c.relname || ' is open to its user or belongs to it'
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
        and n.nspname <> 'information_schema'
        and (pg_has_role(c.relowner, 'usage')
          or has_table_privilege(c.oid, 'select, insert, update, delete, truncate')
            and not (c.relrowsecurity and c.relforcerowsecurity))
      order by c.relname
      """;

  private final DataSource source;
  private final int statementMsMax;
  private final Turnstile turnstile = new Turnstile(PER_TENANT_MAX);
  private volatile boolean open;

  /**
   * @param source connections of the user that serves, which owns no table
   * @param statementMsMax milliseconds that a statement may take, its waits for locks included
   */
  public TenantDatabase(DataSource source, int statementMsMax) {
    this.source = source;
    this.statementMsMax = statementMsMax;
  }

  /**
   * Begins to use the database once it is migrated.
   *
   * @return why it is not used: where its user could see other tenants' rows; empty: it is used
   * @throws RefusedException DEPENDENCY_UNAVAILABLE where it is away
   */
  public List<String> open() {
    try {
      List<String> problems = run(TenantDatabase::problems);
      open = problems.isEmpty();
      return problems;
    } catch (UnreachableException e) {
      throw Turnstile.unavailable("the database cannot be reached");
    }
  }

  private static List<String> problems(Connection connection) throws SQLException {
    List<String> found = new ArrayList<>();
    for (String query : List.of(USER_PASSES, TABLES_OPEN)) {
      try (PreparedStatement statement = connection.prepareStatement(query);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
    }
    return found;
  }

  /**
   * Runs a transaction that is one tenant's. Commits where the work returns, rolls back where it
   * throws.
   *
   * @throws RefusedException DEPENDENCY_UNAVAILABLE where the database is away or too slow,
   *     CONCURRENCY_LIMIT where the tenant has {@value #PER_TENANT_MAX} transactions already
   * @throws IllegalStateException where a statement is wrong; says its SQL state, and nothing of
   *     its values
   */
  public <T> T inTenant(TenantId tenant, Transaction.Work<T> work) {
    return guarded(tenant, tenant.value(), work);
  }

  /**
   * Runs a transaction that is no tenant's: it sees and takes no rows, and can call functions.
   *
   * @throws RefusedException DEPENDENCY_UNAVAILABLE as above
   */
  public <T> T inNone(Transaction.Work<T> work) {
    return guarded(TenantId.PUBLIC, "", work);
  }

  private <T> T guarded(TenantId tenant, String visible, Transaction.Work<T> work) {
    if (!open) {
      throw Turnstile.unavailable("the database is not ready");
    }
    turnstile.enter(tenant, System.nanoTime());
    boolean answered = false;
    try {
      T result =
          run(
              connection -> {
                take(connection, visible);
                return work.on(connection);
              });
      answered = true;
      return result;
    } catch (UnreachableException e) {
      throw Turnstile.unavailable("the database cannot be reached");
    } catch (RuntimeException e) {
      answered = true;
      throw e;
    } finally {
      turnstile.leave(tenant, answered, System.nanoTime());
    }
  }

  private void take(Connection connection, String tenant) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TAKE)) {
      statement.setString(1, tenant);
      statement.setString(2, Integer.toString(statementMsMax));
      statement.setString(3, Integer.toString(statementMsMax));
      statement.execute();
    }
  }

  private <T> T run(Transaction.Work<T> work) {
    try {
      return Transaction.run(source, work);
    } catch (SQLException e) {
      throw sorted(e);
    }
  }

  /** Messages of the driver quote values, so none of them goes on. */
  private static RuntimeException sorted(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    if (state.equals("57014") || state.equals("55P03")) {
      return Turnstile.unavailable("the database takes too long");
    }
    boolean wrong =
        state.startsWith("22")
            || state.startsWith("23")
            || state.startsWith("42")
            || state.startsWith("44");
    return wrong
        ? new IllegalStateException("the database refuses a statement, SQL state " + state)
        : new UnreachableException();
  }

  /** There is no answer from the database. */
  private static final class UnreachableException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }
}
