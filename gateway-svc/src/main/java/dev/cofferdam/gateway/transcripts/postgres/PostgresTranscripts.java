package dev.cofferdam.gateway.transcripts.postgres;

import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.gateway.transcripts.Transcript;
import dev.cofferdam.gateway.transcripts.TranscriptEntry;
import dev.cofferdam.gateway.transcripts.TranscriptJson;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Rows that hold sealed bytes. The database itself shows nobody a row that has expired. */
public final class PostgresTranscripts implements Transcripts {
  private static final String MAKE_KEY =
      "insert into transcript_keys (tenant, sealed) values (own_tenant(), ?) on conflict do nothing";

  /**
   * Held until the transaction's end, so that a key is not destroyed between a seal and its row.
   */
  private static final String KEY = "select sealed from transcript_keys for key share";

  private static final String PUT =
      """
      insert into transcripts (tenant, request_id, created_ms, expires_ms, sealed)
      values (own_tenant(), ?, ?, ?, ?) on conflict do nothing
      """;

  private static final String GET =
      "select created_ms, expires_ms, sealed from transcripts where request_id = ?";

  private static final String LIST =
      """
      select request_id, created_ms, expires_ms from transcripts
      where ? = '' or (created_ms, request_id) <
        (select a.created_ms, a.request_id from transcripts a where a.request_id = ?)
      order by created_ms desc, request_id desc limit ?
      """;

  private final TenantDatabase database;
  private final Vault vault;

  public PostgresTranscripts(TenantDatabase database, Vault vault) {
    this.database = database;
    this.vault = vault;
  }

  @Override
  public void put(TenantId tenant, List<Transcript> transcripts) {
    database.inTenant(
        tenant,
        connection -> {
          Vault.TenantKey key = keyOrNew(connection, tenant);
          try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            for (Transcript transcript : transcripts) {
              TranscriptEntry entry =
                  new TranscriptEntry(
                      transcript.id(), transcript.createdEpochMs(), transcript.expiresEpochMs());
              statement.setString(1, entry.id().value());
              statement.setLong(2, entry.createdEpochMs());
              statement.setLong(3, entry.expiresEpochMs());
              statement.setBytes(4, key.seal(entry, TranscriptJson.write(transcript)));
              statement.addBatch();
            }
            return statement.executeBatch();
          }
        });
  }

  private Vault.TenantKey keyOrNew(Connection connection, TenantId tenant) throws SQLException {
    Optional<Vault.TenantKey> known = key(connection, tenant);
    if (known.isPresent()) {
      return known.get();
    }
    try (PreparedStatement statement = connection.prepareStatement(MAKE_KEY)) {
      statement.setBytes(1, vault.newKey(tenant));
      statement.executeUpdate();
    }
    // Another gateway may have been faster.
    return key(connection, tenant)
        .orElseThrow(() -> new IllegalStateException("a tenant's new key is not there"));
  }

  private Optional<Vault.TenantKey> key(Connection connection, TenantId tenant)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(KEY);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(vault.open(tenant, row.getBytes(1))) : Optional.empty();
    }
  }

  @Override
  public Optional<Transcript> get(TenantId tenant, RequestId id) {
    return database.inTenant(
        tenant,
        connection -> {
          Optional<Vault.TenantKey> key = key(connection, tenant);
          return key.isEmpty() ? Optional.empty() : read(connection, key.get(), id);
        });
  }

  private static Optional<Transcript> read(Connection connection, Vault.TenantKey key, RequestId id)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(GET)) {
      statement.setString(1, id.value());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        TranscriptEntry entry = new TranscriptEntry(id, row.getLong(1), row.getLong(2));
        return key.open(entry, row.getBytes(3)).map(json -> TranscriptJson.read(entry, json));
      }
    }
  }

  @Override
  public List<TranscriptEntry> list(TenantId tenant, Optional<RequestId> after, int limit) {
    return database.inTenant(
        tenant,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(LIST)) {
            statement.setString(1, after.map(RequestId::value).orElse(""));
            statement.setString(2, after.map(RequestId::value).orElse(""));
            statement.setInt(3, limit);
            List<TranscriptEntry> entries = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                entries.add(
                    new TranscriptEntry(
                        new RequestId(String.valueOf(rows.getString(1))),
                        rows.getLong(2),
                        rows.getLong(3)));
              }
            }
            return entries;
          }
        });
  }

  @Override
  public boolean delete(TenantId tenant, RequestId id) {
    return database.inTenant(
        tenant,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement("delete from transcripts where request_id = ?")) {
            statement.setString(1, id.value());
            return statement.executeUpdate() > 0;
          }
        });
  }

  @Override
  public void erase(TenantId tenant) {
    database.inTenant(
        tenant,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement("delete from transcript_keys")) {
            return statement.executeUpdate();
          }
        });
  }

  @Override
  public int sweep(int most) {
    return database.inNone(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement("select sweep_transcripts(?)")) {
            statement.setInt(1, most);
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              return row.getInt(1);
            }
          }
        });
  }
}
