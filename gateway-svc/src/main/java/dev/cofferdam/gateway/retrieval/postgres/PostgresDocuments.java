package dev.cofferdam.gateway.retrieval.postgres;

import dev.cofferdam.gateway.retrieval.Document;
import dev.cofferdam.gateway.retrieval.DocumentEntry;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.retrieval.Passage;
import dev.cofferdam.gateway.retrieval.Passages;
import dev.cofferdam.gateway.retrieval.Question;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Documents as rows of passages. No statement names a tenant where it reads: the transaction's
 * tenant is the only one whose rows there are.
 */
public final class PostgresDocuments implements Documents {
  private static final String ENTRY = "id, collection, title, bytes, passages, changed_epoch_s";

  private static final String LOCK_TOTALS =
      """
      insert into document_totals as t (tenant) values (own_tenant())
      on conflict (tenant) do update set documents = t.documents
      returning documents, bytes
      """;

  private static final String ADD_TOTALS =
      "update document_totals set documents = documents + ?, bytes = bytes + ?";

  private static final String PUT =
      """
      insert into documents (tenant, id, collection, title, bytes, passages)
      values (own_tenant(), ?, ?, ?, ?, ?)
      returning changed_epoch_s
      """;

  private static final String PUT_PASSAGES =
      """
      insert into passages (tenant, document, place, content, terms)
      select own_tenant(), ?, number - 1, content, to_tsvector(?::regconfig, content)
      from unnest(?::text[]) with ordinality as p (content, number)
      """;

  private static final String LIST =
      "select "
          + ENTRY
          + """
           from documents where (? = '' or collection = ?) and id > ? order by id limit ?
          """;

  private static final String TEXT =
      "select string_agg(content, '' order by place) from passages where document = ?";

  private static final String SEARCH =
      """
      select d.id, d.collection, d.title, p.place, p.content, ts_rank_cd(p.terms, q.wanted, 33)
      from any_of(?::regconfig, ?) as q (wanted)
        join passages p on p.terms @@ q.wanted
        join documents d on d.tenant = p.tenant and d.id = p.document
      where cardinality(?::text[]) = 0 or d.collection = any (?::text[])
      order by 6 desc, 1, 4 limit ?
      """;

  private final TenantDatabase database;

  public PostgresDocuments(TenantDatabase database) {
    this.database = database;
  }

  @Override
  public DocumentEntry put(TenantId tenant, Document document, DocumentLimits limits) {
    List<String> passages = Passages.of(document.text());
    long bytes = document.bytes();
    if (bytes > limits.documentBytesMax()) {
      throw exceeded("a document has at most " + limits.documentBytesMax() + " bytes");
    }
    return database.inTenant(
        tenant,
        connection -> {
          Totals before = lock(connection);
          Totals left = before.minus(remove(connection, document.id()));
          if (left.documents + 1 > limits.countMax()) {
            throw exceeded("the tenant keeps at most " + limits.countMax() + " documents");
          }
          if (left.bytes + bytes > limits.bytesMax()) {
            throw exceeded("the tenant's documents have at most " + limits.bytesMax() + " bytes");
          }
          add(connection, left.minus(before).plus(new Totals(1, bytes)));
          long changedEpochS = insert(connection, document, bytes, passages, limits.language());
          return new DocumentEntry(
              document.id(),
              document.collection(),
              document.title(),
              bytes,
              passages.size(),
              changedEpochS);
        });
  }

  private static long insert(
      Connection connection, Document document, long bytes, List<String> passages, String language)
      throws SQLException {
    long changedEpochS;
    try (PreparedStatement statement = connection.prepareStatement(PUT)) {
      statement.setString(1, document.id());
      statement.setString(2, document.collection());
      statement.setString(3, document.title());
      statement.setLong(4, bytes);
      statement.setInt(5, passages.size());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        changedEpochS = row.getLong(1);
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(PUT_PASSAGES)) {
      statement.setString(1, document.id());
      statement.setString(2, language);
      statement.setArray(3, connection.createArrayOf("text", passages.toArray()));
      statement.executeUpdate();
    }
    return changedEpochS;
  }

  @Override
  public Optional<Found> get(TenantId tenant, String id) {
    return database.inTenant(
        tenant,
        connection -> {
          Optional<DocumentEntry> entry = entry(connection, id);
          return entry.isEmpty()
              ? Optional.empty()
              : Optional.of(new Found(entry.get(), text(connection, id)));
        });
  }

  private static Optional<DocumentEntry> entry(Connection connection, String id)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("select " + ENTRY + " from documents where id = ?")) {
      statement.setString(1, id);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(entry(row)) : Optional.empty();
      }
    }
  }

  private static String text(Connection connection, String id) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TEXT)) {
      statement.setString(1, id);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? String.valueOf(row.getString(1)) : "";
      }
    }
  }

  @Override
  public List<DocumentEntry> list(
      TenantId tenant, Optional<String> collection, String after, int limit) {
    return database.inTenant(
        tenant,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(LIST)) {
            statement.setString(1, collection.orElse(""));
            statement.setString(2, collection.orElse(""));
            statement.setString(3, after);
            statement.setInt(4, limit);
            List<DocumentEntry> entries = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                entries.add(entry(rows));
              }
            }
            return entries;
          }
        });
  }

  @Override
  public boolean delete(TenantId tenant, String id) {
    return database.inTenant(
        tenant,
        connection -> {
          lock(connection);
          Totals removed = remove(connection, id);
          add(connection, Totals.NONE.minus(removed));
          return removed.documents > 0;
        });
  }

  @Override
  public void erase(TenantId tenant) {
    database.inTenant(
        tenant,
        connection -> {
          lock(connection);
          try (PreparedStatement documents = connection.prepareStatement("delete from documents");
              PreparedStatement totals =
                  connection.prepareStatement("delete from document_totals")) {
            return documents.executeUpdate() + totals.executeUpdate();
          }
        });
  }

  @Override
  public List<Passage> search(TenantId tenant, Question question) {
    return database.inTenant(
        tenant,
        connection -> {
          Object collections = question.collections().toArray();
          try (PreparedStatement statement = connection.prepareStatement(SEARCH)) {
            statement.setString(1, question.language());
            statement.setString(2, question.text());
            statement.setArray(3, connection.createArrayOf("text", (Object[]) collections));
            statement.setArray(4, connection.createArrayOf("text", (Object[]) collections));
            statement.setInt(5, question.passagesMax());
            List<Passage> found = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                found.add(passage(rows));
              }
            }
            return found;
          }
        });
  }

  /** What a tenant has; its row is held until the transaction's end, so that puts take turns. */
  private static Totals lock(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCK_TOTALS);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return new Totals(row.getInt(1), row.getLong(2));
    }
  }

  private static void add(Connection connection, Totals change) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD_TOTALS)) {
      statement.setInt(1, change.documents);
      statement.setLong(2, change.bytes);
      statement.executeUpdate();
    }
  }

  /** Removes a document with its passages; what it was of the totals. */
  private static Totals remove(Connection connection, String id) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("delete from documents where id = ? returning bytes")) {
      statement.setString(1, id);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? new Totals(1, row.getLong(1)) : Totals.NONE;
      }
    }
  }

  private static DocumentEntry entry(ResultSet row) throws SQLException {
    return new DocumentEntry(
        String.valueOf(row.getString(1)),
        String.valueOf(row.getString(2)),
        String.valueOf(row.getString(3)),
        row.getLong(4),
        row.getInt(5),
        row.getLong(6));
  }

  private static Passage passage(ResultSet row) throws SQLException {
    return new Passage(
        String.valueOf(row.getString(1)),
        String.valueOf(row.getString(2)),
        String.valueOf(row.getString(3)),
        row.getInt(4),
        String.valueOf(row.getString(5)),
        row.getFloat(6));
  }

  private static RuntimeException exceeded(String message) {
    return Refusal.of(ErrorCode.STORAGE_QUOTA_EXCEEDED, message).asException();
  }

  private record Totals(int documents, long bytes) {
    static final Totals NONE = new Totals(0, 0);

    Totals plus(Totals other) {
      return new Totals(documents + other.documents, bytes + other.bytes);
    }

    Totals minus(Totals other) {
      return new Totals(documents - other.documents, bytes - other.bytes);
    }
  }
}
