package dev.cofferdam.metering.invoice.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.invoice.Documents;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.vocabulary.TenantId;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import javax.sql.DataSource;

/**
 * Invoices in a table whose rows are never changed. The counter's row is the lock under which
 * numbers are given: a number is used exactly where its invoice commits.
 */
public final class PostgresInvoices implements Invoices {
  private static final String NEXT =
      "update invoice_counter set last_number = last_number + 1 returning last_number";
  private static final String LATEST =
      "select coalesce(max(number), 0) from invoices where tenant = ?";
  private static final String INSERT =
      """
      insert into invoices (number, tenant, from_day, to_day, issued_ms, currency, total, due, content_sha256, document)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;
  private static final String SELECT =
      """
      select document, content_sha256 from invoices
      where (?::text is null or tenant = ?) and number > ? and number <= ? order by number limit ?
      """;

  private final DataSource source;
  private final Documents documents;

  public PostgresInvoices(DataSource source, Documents documents) {
    this.source = source;
    this.documents = documents;
  }

  @Override
  public Optional<Stored> append(TenantId tenant, long latestSeen, LongFunction<Invoice> make) {
    return Transaction.attempt(
        source,
        new View.Of(tenant),
        connection -> {
          long number = number(connection);
          if (latest(connection, tenant) != latestSeen) {
            connection.rollback();
            return Optional.empty();
          }
          Invoice invoice = make.apply(number);
          byte[] document = documents.write(invoice);
          Stored stored = new Stored(invoice, document, sha256(document));
          insert(connection, stored);
          return Optional.of(stored);
        });
  }

  @Override
  public List<Invoice> of(TenantId tenant) {
    return select(new View.Of(tenant), 0, Long.MAX_VALUE, Integer.MAX_VALUE).stream()
        .map(Stored::invoice)
        .toList();
  }

  @Override
  public List<Stored> list(View view, long after, int most) {
    return select(view, after, Long.MAX_VALUE, most);
  }

  @Override
  public Optional<Stored> find(View view, long number) {
    return select(view, number - 1, number, 1).stream().findFirst();
  }

  private List<Stored> select(View view, long after, long upTo, int most) {
    return Transaction.attempt(
        source,
        view,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(SELECT)) {
            if (view instanceof View.Of of) {
              statement.setString(1, of.tenant().value());
              statement.setString(2, of.tenant().value());
            } else {
              statement.setNull(1, Types.VARCHAR);
              statement.setNull(2, Types.VARCHAR);
            }
            statement.setLong(3, after);
            statement.setLong(4, upTo);
            statement.setInt(5, most);
            List<Stored> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                found.add(stored(row.getBytes(1), row.getString(2)));
              }
            }
            return found;
          }
        });
  }

  private Stored stored(byte[] document, String sha256) {
    if (!sha256(document).equals(sha256)) {
      throw new IllegalStateException("a stored invoice is not what was issued");
    }
    return new Stored(documents.read(document), document, sha256);
  }

  private static long number(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(NEXT);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  private static long latest(Connection connection, TenantId tenant) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LATEST)) {
      statement.setString(1, tenant.value());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static void insert(Connection connection, Stored stored) throws SQLException {
    Invoice invoice = stored.invoice();
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      statement.setLong(1, invoice.number());
      statement.setString(2, invoice.tenant().value());
      statement.setObject(3, invoice.days().from());
      statement.setObject(4, invoice.days().to());
      statement.setLong(5, invoice.issued().toEpochMilli());
      statement.setString(6, invoice.currency());
      statement.setBigDecimal(7, invoice.total());
      statement.setBigDecimal(8, invoice.due());
      statement.setString(9, stored.sha256());
      statement.setBytes(10, stored.document());
      statement.executeUpdate();
    }
  }

  private static String sha256(byte[] document) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(document));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no SHA-256", e);
    }
  }
}
