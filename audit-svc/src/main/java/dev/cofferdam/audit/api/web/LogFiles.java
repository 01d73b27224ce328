package dev.cofferdam.audit.api.web;

import dev.cofferdam.audit.proof.TilePath;
import dev.cofferdam.audit.proof.TlogProof;
import dev.cofferdam.audit.publication.Publication;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.WebAnswer;
import dev.cofferdam.mesh.web.WebRequest;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import java.util.Optional;

/**
 * The published log on HTTPS (C2SP tlog-tiles): {@code /checkpoint}, {@code /tile/…}, and beside
 * them {@code /key}, {@code /checkpoints?from=SIZE} and {@code /record/INDEX}. Hashes and
 * checkpoints are for every tenant and operator; bundles of records, sealed as they are, name their
 * tenants and are for operators; a record is for its tenant and for operators.
 */
public final class LogFiles implements WebServer.Handler {
  private static final String RECORD = "/record/";

  private final Publication publication;
  private final Violation.Recorder violations;

  /**
   * @param violations told of each attempt to read another tenant's record, before it is refused
   */
  public LogFiles(Publication publication, Violation.Recorder violations) {
    this.publication = publication;
    this.violations = violations;
  }

  @Override
  public Optional<WebAnswer> answer(WebRequest request) {
    String path = request.path();
    return switch (path) {
      case "/checkpoint" -> publication.checkpoint().map(WebAnswer::text);
      case "/key" -> Optional.of(WebAnswer.text(publication.key().text() + "\n"));
      case "/checkpoints" ->
          Optional.of(WebAnswer.text(publication.notes(number(request.parameter("from")))));
      default ->
          path.startsWith(RECORD)
              ? record(request, number(path.substring(RECORD.length())))
              : tile(request, path.substring(1));
    };
  }

  private Optional<WebAnswer> tile(WebRequest request, String path) {
    Optional<TilePath> tile = TilePath.parse(path);
    if (tile.filter(TilePath::entries).isPresent() && !isOperator(request)) {
      throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "bundles of records are for operators")
          .asException();
    }
    return tile.flatMap(publication::tile).map(WebAnswer::forever);
  }

  private Optional<WebAnswer> record(WebRequest request, long index) {
    Optional<TlogProof> found = publication.record(index);
    if (found.isPresent() && !isOperator(request) && !isOwn(request, found.get())) {
      violations.record(Violation.of(request.caller(), "GET " + RECORD));
      throw Refusal.of(ErrorCode.IDENTITY_MISMATCH, "the record is another tenant's").asException();
    }
    return found.map(proof -> WebAnswer.text(proof.text()).download(index + ".tlog-proof"));
  }

  private static boolean isOwn(WebRequest request, TlogProof proof) {
    String tenant = SealedRecord.decode(proof.leaf()).tenant().value();
    return request
        .caller()
        .id()
        .filter(id -> id.role() == SpiffeId.Role.TENANT && id.name().equals(tenant))
        .isPresent();
  }

  static boolean isOperator(WebRequest request) {
    return request.caller().role() == SpiffeId.Role.OPERATOR;
  }

  private static long number(String text) {
    if (text.isEmpty() || text.length() > 18 || !text.chars().allMatch(Character::isDigit)) {
      throw Refusal.of(ErrorCode.INVALID_REQUEST, "expected a number").asException();
    }
    return Long.parseLong(text);
  }
}
