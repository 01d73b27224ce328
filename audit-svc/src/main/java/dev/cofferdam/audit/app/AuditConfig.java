package dev.cofferdam.audit.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;

/** Settings of audit-svc. The database is set by {@code quarkus.datasource.jdbc.url} and beside. */
@ConfigMapping(prefix = "cofferdam")
public interface AuditConfig {
  /** Trust domain of the mesh's identities. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** The service's own identity. */
  Tls tls();

  /** Where the query service listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder of the spool, the last checkpoint, and by default the keys. */
  Path stateDir();

  /** Bound of the spool in bytes. */
  @WithDefault("67108864")
  long spoolBytesMax();

  /** The log and its keys. */
  Audit audit();

  /** The log. */
  interface Audit {
    /** Name of the log on its checkpoints. */
    @WithDefault("${cofferdam.trust-domain:cofferdam.local}/audit")
    String origin();

    /** Master key of the tenants' data keys: 32 bytes; created where absent. */
    @WithDefault("${cofferdam.state-dir}/audit-kek")
    Path kekFile();

    /** Ed25519 key that signs checkpoints: seed and public key, 64 bytes; created where absent. */
    @WithDefault("${cofferdam.state-dir}/audit-signing-key")
    Path signingKeyFile();

    /** A checkpoint is signed at most this often, in milliseconds. */
    @WithDefault("200")
    long checkpointMs();
  }

  /** PEM files of an identity. */
  interface Tls {
    /** Certificate chain, leaf first. */
    Path certificate();

    /** PKCS #8 private key. */
    Path key();

    /** Authorities that are trusted. */
    Path trust();
  }

  /** An address. */
  interface Listen {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port of the gRPC server. */
    int port();
  }

  /** Kafka. */
  interface Kafka {
    /** Client properties; {@code bootstrap.servers} at least. */
    Map<String, String> properties();
  }
}
