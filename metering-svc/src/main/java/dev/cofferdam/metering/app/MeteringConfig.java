package dev.cofferdam.metering.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;

/**
 * Settings of metering-svc. The database is set by {@code quarkus.datasource.jdbc.url} and beside.
 */
@ConfigMapping(prefix = "cofferdam")
public interface MeteringConfig {
  /** Trust domain of the mesh's identities. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** The service's own identity. */
  Tls tls();

  /** Where the query service listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder of the spool for audit facts. */
  Path stateDir();

  /** Bound of the spool in bytes. */
  @WithDefault("67108864")
  long spoolBytesMax();

  /** Where the pages for FinOps are served. */
  Web web();

  /** Bills. */
  Billing billing();

  /** What things cost that are not nodes. */
  Cost cost();

  /** The HTTPS server. */
  interface Web {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port; 0 for none. */
    @WithDefault("0")
    int port();
  }

  /** Bills. */
  interface Billing {
    /** Name of whoever provides the service and issues invoices. */
    @WithDefault("Cofferdam")
    String provider();
  }

  /** What things cost that are not nodes. */
  interface Cost {
    /** ISO 4217; that of all costs. Nodes whose cost is in another currency are not counted. */
    @WithDefault("EUR")
    String currency();

    /** An adapter for an hour, in millionths of the currency. */
    @WithDefault("0")
    long adapterMicrosPerHour();

    /** A GiB for an hour, in millionths of the currency. */
    @WithDefault("0")
    long storageMicrosPerGibHour();
  }

  /** The ledger. */
  Ledger ledger();

  /** How the ledger is kept. */
  interface Ledger {
    /** Threads that read usage facts, each its own partitions of the topic. */
    @WithDefault("2")
    int consumers();

    /** Minutes after its end at which an hour is closed; what comes later is a correction. */
    @WithDefault("15")
    int closeAfterMinutes();

    /** Hours after its end from which a fact's coming is an alarm; it is counted all the same. */
    @WithDefault("72")
    int lateHoursMax();

    /**
     * Whole months for which events stay in the ledger beside the current one, 2 or more; 0: for
     * ever.
     */
    @WithDefault("0")
    int retentionMonths();
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
