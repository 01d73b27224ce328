package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.audit.retention.Keys;
import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Data keys, wrapped, beside the log. No unwrapped key outlives the transaction that read it, so a
 * destroyed one is gone at once.
 */
public final class PostgresDataKeys implements Keys {
  private static final int KEY_BYTES = 32;

  private final DataSource source;
  private final KeyRing ring;

  /**
   * @param source connections to the log
   */
  public PostgresDataKeys(DataSource source, KeyRing ring) {
    this.source = source;
    this.ring = ring;
  }

  @Override
  public Optional<Erasure> erase(TenantId tenant, String actor, String reason) {
    return destroy(
        tenant, Erasure.Kind.REQUEST, actor, reason, "tenant = ? and wrapped is not null", null);
  }

  @Override
  public Optional<Erasure> expire(
      TenantId tenant, Instant retiredBefore, String actor, String reason) {
    return destroy(
        tenant,
        Erasure.Kind.RETENTION,
        actor,
        reason,
        "tenant = ? and wrapped is not null and retired_at < ?",
        retiredBefore);
  }

  private Optional<Erasure> destroy(
      TenantId tenant,
      Erasure.Kind kind,
      String actor,
      String reason,
      String which,
      @Nullable Instant retiredBefore) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          // The sequencer's lock: nothing is appended meanwhile, and the size is exact.
          long size = lockHead(connection);
          int keys;
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "update data_keys set wrapped = null, destroyed_at = now() where " + which)) {
            statement.setString(1, tenant.value());
            if (retiredBefore != null) {
              statement.setTimestamp(2, Timestamp.from(retiredBefore));
            }
            keys = statement.executeUpdate();
          }
          return keys == 0
              ? Optional.<Erasure>empty()
              : Optional.of(note(connection, tenant, kind, keys, size, actor, reason));
        });
  }

  private static long lockHead(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("select size from log_head for update");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  private static Erasure note(
      Connection connection,
      TenantId tenant,
      Erasure.Kind kind,
      int keys,
      long size,
      String actor,
      String reason)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            insert into erasures (tenant, kind, keys, tree_size, actor, reason)
            values (?, ?, ?, ?, ?, ?) returning id, tenant, kind, keys, tree_size, actor, reason,
              erased_at
            """)) {
      statement.setString(1, tenant.value());
      statement.setString(2, kind.name().toLowerCase(Locale.ROOT));
      statement.setInt(3, keys);
      statement.setLong(4, size);
      statement.setString(5, actor);
      statement.setString(6, reason);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return PostgresErasures.read(row);
      }
    }
  }

  @Override
  public int retire(Optional<TenantId> tenant, Instant createdBefore, Instant at) {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  """
                  update data_keys set retired_at = ?
                  where wrapped is not null and retired_at is null and created_at < ?
                    and (? = '' or tenant = ?)
                  """)) {
            String name = tenant.map(TenantId::value).orElse("");
            statement.setTimestamp(1, Timestamp.from(at));
            statement.setTimestamp(2, Timestamp.from(createdBefore));
            statement.setString(3, name);
            statement.setString(4, name);
            return statement.executeUpdate();
          }
        });
  }

  @Override
  public int rewrap() {
    int wrapped = 0;
    for (UUID id : otherwiseWrapped()) {
      wrapped += Transaction.attempt(source, connection -> rewrap(connection, id));
    }
    return wrapped;
  }

  private List<UUID> otherwiseWrapped() {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "select key_id from data_keys where wrapped is not null and wrapped_by <> ?")) {
            statement.setString(1, ring.current().id());
            try (ResultSet rows = statement.executeQuery()) {
              List<UUID> ids = new ArrayList<>();
              while (rows.next()) {
                ids.add(rows.getObject(1, UUID.class));
              }
              return ids;
            }
          }
        });
  }

  private int rewrap(Connection connection, UUID id) throws SQLException {
    DataKey key;
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            select key_id, tenant, wrapped, wrapped_by from data_keys
            where key_id = ? and wrapped is not null for update
            """)) {
      statement.setObject(1, id);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return 0;
        }
        key = read(row);
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "update data_keys set wrapped = ?, wrapped_by = ? where key_id = ?")) {
      statement.setBytes(1, ring.current().wrap(key));
      statement.setString(2, ring.current().id());
      statement.setObject(3, id);
      return statement.executeUpdate();
    }
  }

  @Override
  public Set<TenantId> retired() {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
                  connection.prepareStatement(
                      """
                      select distinct tenant from data_keys
                      where wrapped is not null and retired_at is not null
                      """);
              ResultSet rows = statement.executeQuery()) {
            Set<TenantId> tenants = new HashSet<>();
            while (rows.next()) {
              tenants.add(new TenantId(rows.getString(1)));
            }
            return tenants;
          }
        });
  }

  @Override
  public List<Erasure> unrecorded() {
    return new PostgresErasures(source).unrecorded();
  }

  @Override
  public void recorded(long erasure) {
    new PostgresErasures(source).recorded(erasure);
  }

  /** The keys of ids, those that still exist. */
  public Map<UUID, DataKey> byIds(Set<UUID> ids) {
    return Transaction.attempt(
        source,
        connection -> {
          Map<UUID, DataKey> keys = new HashMap<>();
          try (PreparedStatement statement =
              connection.prepareStatement(
                  """
                  select key_id, tenant, wrapped, wrapped_by from data_keys
                  where key_id = any(?) and wrapped is not null
                  """)) {
            Array array = connection.createArrayOf("uuid", ids.toArray());
            statement.setArray(1, array);
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                DataKey key = read(rows);
                keys.put(key.id(), key);
              }
            }
          }
          return keys;
        });
  }

  /**
   * The keys in use of tenants, in the connection's transaction; made where there are none. The
   * caller holds the sequencer's lock. The keys stay locked until the transaction ends, so that
   * nothing is sealed under a key that is being destroyed.
   */
  Map<TenantId, DataKey> inUse(Connection connection, Set<TenantId> tenants) throws SQLException {
    Map<TenantId, DataKey> keys = new HashMap<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            select key_id, tenant, wrapped, wrapped_by from data_keys
            where tenant = any(?) and wrapped is not null and retired_at is null for share
            """)) {
      Object[] names = tenants.stream().map(TenantId::value).toArray();
      statement.setArray(1, connection.createArrayOf("text", names));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          DataKey key = read(rows);
          keys.put(key.tenant(), key);
        }
      }
    }
    for (TenantId tenant : tenants) {
      if (!keys.containsKey(tenant)) {
        keys.put(tenant, create(connection, tenant));
      }
    }
    return keys;
  }

  private DataKey create(Connection connection, TenantId tenant) throws SQLException {
    byte[] bytes = new byte[KEY_BYTES];
    AesGcm.random().nextBytes(bytes);
    DataKey key = new DataKey(UUID.randomUUID(), tenant, new SecretKeySpec(bytes, "AES"));
    try (PreparedStatement statement =
        connection.prepareStatement(
            "insert into data_keys (key_id, tenant, wrapped, wrapped_by) values (?, ?, ?, ?)")) {
      statement.setObject(1, key.id());
      statement.setString(2, tenant.value());
      statement.setBytes(3, ring.current().wrap(key));
      statement.setString(4, ring.current().id());
      statement.executeUpdate();
    }
    return key;
  }

  private DataKey read(ResultSet row) throws SQLException {
    return ring.unwrap(
        row.getString("wrapped_by"),
        row.getObject("key_id", UUID.class),
        new TenantId(row.getString("tenant")),
        row.getBytes("wrapped"));
  }
}
