package dev.cofferdam.gateway.app;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Settings of gateway-svc. Its management port and Redis are Quarkus' own. */
@ConfigMapping(prefix = "cofferdam")
public interface GatewayConfig {
  /** Trust domain of the mesh's identities. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** The service's own identity, also that of the REST edge. */
  Tls tls();

  /** The REST edge. */
  Rest rest();

  /** How the gateway ends. */
  Drain drain();

  /** Where the gRPC API listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder of the spool and of the configuration's snapshots. */
  Path stateDir();

  /** Routers. */
  Router router();

  /** Model folders. */
  Root models();

  /** Adapter folders. */
  OptionalRoot adapters();

  /** Prefix digests. */
  Prefix prefix();

  /** Audit facts. */
  Audit audit();

  /** Answers that are given again. */
  Responses responses();

  /** Prompts and answers that are kept. */
  Transcripts transcripts();

  /** Batch jobs. */
  Batches batches();

  /** The gateway's own database; where it is, is Quarkus' own setting. */
  Database database();

  /** Tokens of an issuer that is trusted. */
  Jwt jwt();

  /** Gateways that share limits while Redis is away. */
  @WithDefault("1")
  int gatewayReplicas();

  /** Limits. */
  Limits limits();

  /** Serves gRPC reflection; to be switched off in production. */
  @WithDefault("true")
  boolean reflection();

  /** Requests. */
  Request request();

  /** Limits. */
  interface Limits {
    /** URL where tenants see and change their budgets, told to those whose budget is spent. */
    Optional<String> dashboard();

    /** Whether Redis decides each request, or leases slices of the limits to gateways. */
    @WithDefault("strict")
    LimitMode mode();
  }

  /** How limits are decided. */
  enum LimitMode {
    /** One call to Redis for each request. */
    STRICT,
    /** From slices that the gateway has leased. */
    LEASED
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

    /** Port; 0 takes a free one. */
    int port();
  }

  /** The REST edge; its bounds as in {@code RestSettings}. */
  interface Rest {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port. */
    @WithDefault("8443")
    int port();

    /** Bytes of a request's headers. */
    @WithDefault("16384")
    int headBytesMax();

    /** Milliseconds in which a new connection's first request must be there. */
    @WithDefault("10000")
    long headMsMax();

    /** Milliseconds that a connection may wait for its next request. */
    @WithDefault("60000")
    long idleMsMax();

    /** Milliseconds in which a body must be there. */
    @WithDefault("30000")
    long bodyMsMax();

    /** Requests at once on one connection of HTTP/2. */
    @WithDefault("100")
    int streamsMax();

    /** Streams that a client may reset in half a minute. */
    @WithDefault("200")
    int resetsMax();

    /** Milliseconds without an event after which a stream sends a comment. */
    @WithDefault("15000")
    long heartbeatMs();
  }

  /** The end of the process. */
  interface Drain {
    /** Milliseconds between "not ready" and the refusal of new calls. */
    @WithDefault("0")
    long delayMs();

    /** Milliseconds that calls under way have to finish. */
    @WithDefault("30000")
    long msMax();
  }

  /** Kafka. */
  interface Kafka {
    /** Client properties; {@code bootstrap.servers} at least. */
    Map<String, String> properties();
  }

  /** Pages for operators and tenants. */
  Console console();

  /** Pages over HTTPS, for whoever has a client certificate of the mesh. */
  interface Console {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port; 0: there are no pages. */
    @WithDefault("0")
    int port();

    /** host:port of metering-svc; none: nothing of use, fairness and costs is shown. */
    Optional<String> metering();

    /** host:port of audit-svc; none: no records and proofs are shown. */
    Optional<String> audit();

    /** URL of a store of traces with Zipkin's API; none: no spans are shown. */
    Optional<String> traceStore();

    /** URL of a request's trace for operators, with {@code {request}} for its id; none: no link. */
    Optional<String> traceUrl();
  }

  /** Routers. */
  interface Router {
    /** host:port of each. */
    List<String> endpoints();
  }

  /** Folders below a root. */
  interface Root {
    /** The root. */
    Path root();
  }

  /** Folders below a root that may be elsewhere. */
  interface OptionalRoot {
    /** The root. */
    Optional<Path> root();
  }

  /** Prefix digests. */
  interface Prefix {
    /** File of at least 32 random bytes that all gateways share. */
    Path secretFile();

    /** Tokens of a KV block, as the workers have it. */
    @WithDefault("16")
    int blockTokens();
  }

  /** Audit facts. */
  interface Audit {
    /** File of at least 32 random bytes, the key of content hashes. */
    Path hmacSecretFile();

    /** Bytes of facts that are kept on disk while Kafka is away. */
    @WithDefault("67108864")
    long spoolBytesMax();

    /** Failed authentications that are recorded in a second. */
    @WithDefault("50")
    int refusalsPerSecondMax();
  }

  /** Answers that are given again. */
  interface Responses {
    /** File of at least 32 random bytes that all gateways share; none: no answer is kept. */
    Optional<Path> secretFile();

    /** Milliseconds to wait for the store. */
    @WithDefault("50")
    long timeoutMs();
  }

  /** Prompts and answers that are kept for tenants that want that. */
  interface Transcripts {
    /** File of at least 32 random bytes that all gateways share; none: none are kept. */
    Optional<Path> secretFile();
  }

  /** The gateway's own database. */
  interface Database {
    /** Milliseconds that a statement may take. */
    @WithDefault("2000")
    int statementMsMax();
  }

  /** Batch jobs. */
  interface Batches {
    /**
     * File of at least 32 random bytes that all gateways share, under which files are sealed; none,
     * or no database: there are no batch jobs.
     */
    Optional<Path> secretFile();

    /** Bytes of a file. */
    @WithDefault("16777216")
    int fileBytesMax();

    /** Lines of a job. */
    @WithDefault("10000")
    int linesMax();

    /** Files of a tenant. */
    @WithDefault("500")
    int filesMax();

    /** Bytes of a tenant's files. */
    @WithDefault("536870912")
    long bytesMax();

    /** Jobs of a tenant that have not ended. */
    @WithDefault("32")
    int unfinishedMax();

    /** Lines of a tenant that run at once; a tenant's jobs run one after the other. */
    @WithDefault("4")
    int linesAtOnce();

    /** Jobs that this gateway runs at once, one of a tenant. */
    @WithDefault("8")
    int jobsAtOnce();
  }

  /** Tokens; issuer, audience and keys are given together, or none of them. */
  interface Jwt {
    /** What iss must be. */
    Optional<String> issuer();

    /** What aud must be or hold. */
    Optional<String> audience();

    /** File or https URL of the issuer's keys. */
    Optional<String> jwks();

    /** PEM file of the authorities of the URL's server; empty: those of the JDK. */
    Optional<Path> trust();

    /** Seconds between two readings of the keys. */
    @WithDefault("300")
    long refreshS();

    /** Seconds at least between two readings that unknown keys cause. */
    @WithDefault("10")
    long unknownKeyRefreshS();

    /** Milliseconds that the URL's server may take. */
    @WithDefault("5000")
    long timeoutMs();
  }

  /** Requests. */
  interface Request {
    /** Milliseconds that a request may take. */
    @WithDefault("600000")
    long msMax();

    /** Milliseconds for which a client may not read before its request is cancelled. */
    @WithDefault("60000")
    long stallMsMax();

    /** Threads that tokenise and pass on what workers send. */
    @WithDefault("8")
    int threads();

    /** Copies of requests for models that are tried, at once; what is more is left out. */
    @WithDefault("4")
    int shadowsMax();
  }
}
