package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.KeyEncryption;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;

/**
 * Data keys, wrapped, beside the log. No unwrapped key outlives the transaction that read it, so a
 * destroyed one is gone at once.
 */
public final class PostgresDataKeys {
  private static final int KEY_BYTES = 32;

  private final DataSource source;
  private final KeyEncryption encryption;

  /**
   * @param source connections to the log
   */
  public PostgresDataKeys(DataSource source, KeyEncryption encryption) {
    this.source = source;
    this.encryption = encryption;
  }

  /**
   * Destroys the key in use of a tenant: what was sealed under it can never be opened again, here
   * or from the log. A later record of the tenant gets a new key.
   *
   * @return how many keys were destroyed: 0 or 1
   */
  public int destroy(TenantId tenant) {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  """
                  update data_keys set wrapped = null, destroyed_at = now()
                  where tenant = ? and wrapped is not null
                  """)) {
            statement.setString(1, tenant.value());
            return statement.executeUpdate();
          }
        });
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
                  select key_id, tenant, wrapped from data_keys
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
            select key_id, tenant, wrapped from data_keys
            where tenant = any(?) and wrapped is not null for share
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
            "insert into data_keys (key_id, tenant, wrapped) values (?, ?, ?)")) {
      statement.setObject(1, key.id());
      statement.setString(2, tenant.value());
      statement.setBytes(3, encryption.wrap(key));
      statement.executeUpdate();
    }
    return key;
  }

  private DataKey read(ResultSet row) throws SQLException {
    return encryption.unwrap(
        row.getObject("key_id", UUID.class),
        new TenantId(row.getString("tenant")),
        row.getBytes("wrapped"));
  }
}
