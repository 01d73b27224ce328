package dev.cofferdam.audit.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  /** Where the log's files and the auditors' page are served. */
  Web web();

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

    /** File with the key-encryption key, where that is a file: 32 bytes; created where absent. */
    @WithDefault("${cofferdam.state-dir}/audit-kek")
    Path kekFile();

    /**
     * The key-encryption key: {@code file:PATH}, {@code env:VARIABLE} (32 bytes in base64), or
     * {@code aws-kms://ARN}; without it that of {@link #kekFile}.
     */
    Optional<String> kek();

    /** Key-encryption keys before it, which open what they wrapped. */
    Optional<List<String>> kekPrevious();

    /** Where AWS KMS is, where it is not at its region's own address. */
    Optional<URI> awsKmsEndpoint();

    /** Records are sealed under one data key for so many days at most. */
    @WithDefault("30")
    int dataKeyDays();

    /** Days for which records can be opened whose tenant has no record of its own: six years. */
    @WithDefault("2192")
    int retentionDays();

    /** How often keys are looked through for what is to be retired or destroyed, milliseconds. */
    @WithDefault("3600000")
    long housekeepingMs();

    /** Ed25519 key that signs checkpoints: seed and public key, 64 bytes; created where absent. */
    @WithDefault("${cofferdam.state-dir}/audit-signing-key")
    Path signingKeyFile();

    /** A checkpoint is signed at most this often, in milliseconds. */
    @WithDefault("200")
    long checkpointMs();

    /** Who cosigns checkpoints. */
    Optional<List<Witness>> witnesses();

    /** Witnesses are asked at most this often, in milliseconds. */
    @WithDefault("1000")
    long witnessMs();
  }

  /** A witness (C2SP tlog-witness). */
  interface Witness {
    /** Its verifier key: name+hash+key, of an Ed25519 cosigner. */
    String key();

    /** Its submission prefix. */
    URI url();
  }

  /** The HTTPS server. */
  interface Web {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port; 0 for none. */
    @WithDefault("0")
    int port();
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
