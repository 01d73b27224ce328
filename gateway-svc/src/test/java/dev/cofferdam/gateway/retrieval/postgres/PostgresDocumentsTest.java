package dev.cofferdam.gateway.retrieval.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.retrieval.Document;
import dev.cofferdam.gateway.retrieval.DocumentEntry;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.retrieval.Passage;
import dev.cofferdam.gateway.retrieval.Question;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import io.agroal.api.AgroalDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real PostgreSQL, as the user that serves. */
class PostgresDocumentsTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");
  private static final DocumentLimits ROOM = new DocumentLimits(100, 1 << 20, 1 << 18, "english");

  private final ServingDatabase server = ServingDatabase.emptied();
  private final Documents documents = new PostgresDocuments(server.open());

  private static Document document(String id, String text) {
    return new Document(id, "default", "Title of " + id, text);
  }

  private List<Passage> ask(TenantId tenant, String text, String... collections) {
    return documents.search(tenant, new Question(text, List.of(collections), 4, "english"));
  }

  @Test
  void theBestPassageComesFirst() {
    documents.put(ACME, document("parcels", "Parcels arrive within three days."), ROOM);
    documents.put(
        ACME,
        document("refunds", "A refund is paid within a week. Refunds go to the card you used."),
        ROOM);
    documents.put(ACME, document("hours", "We answer from nine to five."), ROOM);

    List<Passage> found = ask(ACME, "When is my refund paid to the card?");

    assertThat(found).extracting(Passage::document).containsExactly("refunds");
    assertThat(found.getFirst().text()).startsWith("A refund is paid");
    assertThat(found.getFirst().title()).isEqualTo("Title of refunds");
    assertThat(found.getFirst().score()).isPositive();
    assertThat(ask(ACME, "parcels, or refunds of the card"))
        .extracting(Passage::document)
        .containsExactly("refunds", "parcels");
  }

  @Test
  void onlyTheCollectionsThatAreNamedAreSearched() {
    documents.put(ACME, new Document("a", "faq", "", "refunds"), ROOM);
    documents.put(ACME, new Document("b", "manual", "", "refunds"), ROOM);

    assertThat(ask(ACME, "refunds", "faq")).extracting(Passage::document).containsExactly("a");
    assertThat(ask(ACME, "refunds")).hasSize(2);
    assertThat(ask(ACME, "refunds", "other")).isEmpty();
  }

  @Test
  void noMorePassagesAreFoundThanAreAskedFor() {
    documents.put(ACME, document("long", "The refund of an order. ".repeat(1_000)), ROOM);

    assertThat(ask(ACME, "refund")).hasSize(4);
  }

  @Test
  void aForeignDocumentIsNeitherFoundNorListedNorReadNorRemoved() {
    documents.put(GLOBEX, document("secret", "The refund code is 4711."), ROOM);

    assertThat(ask(ACME, "refund code secret 4711")).isEmpty();
    assertThat(documents.get(ACME, "secret")).isEmpty();
    assertThat(documents.list(ACME, Optional.empty(), "", 100)).isEmpty();
    assertThat(documents.delete(ACME, "secret")).isFalse();
    documents.erase(ACME);
    assertThat(documents.get(GLOBEX, "secret").orElseThrow().text())
        .isEqualTo("The refund code is 4711.");
  }

  @Test
  void scoresDoNotChangeWithWhatOthersKeep() {
    documents.put(ACME, document("refunds", "A refund is paid within a week."), ROOM);
    List<Passage> before = ask(ACME, "refund week");

    for (int i = 0; i < 20; i++) {
      documents.put(GLOBEX, document("d" + i, "refund refund week week"), ROOM);
    }

    assertThat(ask(ACME, "refund week")).isEqualTo(before);
  }

  @Test
  void twoTenantsHaveDocumentsOfTheSameIdAndLimitsOfTheirOwn() {
    DocumentLimits one = DocumentLimits.of(1, 100, 100);
    documents.put(ACME, document("faq", "ours"), one);
    documents.put(GLOBEX, document("faq", "theirs"), one);

    assertThat(documents.get(ACME, "faq").orElseThrow().text()).isEqualTo("ours");
    assertThat(documents.get(GLOBEX, "faq").orElseThrow().text()).isEqualTo("theirs");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x' or '1'='1",
        "refund'); select set_config('cofferdam.tenant', 'globex', true); --",
        "refund' | 'secret",
        "a\\' | 'secret':*",
        "$1 ? ?? :tenant {fn now()}",
        "globex') union all select tenant, id, title, 1, 'x', 1 from documents --"
      })
  void textsThatLookLikeStatementsAreTextsOnly(String trick) {
    documents.put(GLOBEX, document("secret", "secret of globex, a refund"), ROOM);
    Document own = new Document(trick, trick, trick, "something else");

    documents.put(ACME, own, ROOM);

    assertThat(ask(ACME, trick)).extracting(Passage::document).doesNotContain("secret");
    assertThat(ask(ACME, "secret", trick)).isEmpty();
    assertThat(documents.get(ACME, trick).orElseThrow().entry().title()).isEqualTo(trick);
    assertThat(documents.list(ACME, Optional.of(trick), "", 10)).hasSize(1);
    assertThat(documents.list(ACME, Optional.empty(), trick, 10)).isEmpty();
    assertThat(documents.delete(ACME, trick)).isTrue();
    assertThat(documents.get(GLOBEX, "secret")).isPresent();
  }

  @Test
  void aStatementThatForgetsTheTenantSeesNoneAndCannotWriteForOne() throws SQLException {
    documents.put(ACME, document("faq", "ours"), ROOM);
    try (Connection serving = server.user("serving").getConnection()) {
      for (String table : List.of("documents", "passages", "document_totals")) {
        assertThat(ServingDatabase.single(serving, "select count(*) from " + table)).isEqualTo("0");
        assertThatThrownBy(
                () -> serving.createStatement().execute("truncate " + table + " cascade"))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("permission denied");
      }
      try (PreparedStatement statement =
          serving.prepareStatement("insert into document_totals (tenant) values ('initech')")) {
        assertThatThrownBy(statement::execute)
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("row-level security");
      }
    }
  }

  @Test
  void oneConnectionServesManyTenantsWithoutMixingThem() {
    try (AgroalDataSource one = server.pool(1)) {
      TenantDatabase database = new TenantDatabase(one, 5_000);
      assertThat(database.open()).isEmpty();
      Documents shared = new PostgresDocuments(database);
      for (int i = 0; i < 10; i++) {
        TenantId tenant = new TenantId("t" + i);
        shared.put(tenant, document("faq", "refund by " + tenant), ROOM);
      }
      for (int i = 9; i >= 0; i--) {
        List<Passage> found =
            shared.search(new TenantId("t" + i), new Question("refund", List.of(), 16, "english"));
        assertThat(found).extracting(Passage::text).containsExactly("refund by t" + i);
      }
    }
  }

  @Test
  void aDocumentIsReplacedByOneWithItsId() {
    documents.put(ACME, document("faq", "Refunds take a week."), ROOM);
    documents.put(ACME, document("faq", "Parcels take a day."), ROOM);

    assertThat(ask(ACME, "refunds")).isEmpty();
    assertThat(documents.get(ACME, "faq").orElseThrow().text()).isEqualTo("Parcels take a day.");
    assertThat(documents.list(ACME, Optional.empty(), "", 10)).hasSize(1);
  }

  @Test
  void aTextComesBackAsItWasPut() {
    String text =
        "Line one.\r\n\n\tLine two, \uD83D\uDE00 and 'quotes' \\ and {braces}. ".repeat(200);
    DocumentEntry entry = documents.put(ACME, document("long", text), ROOM);

    Documents.Found found = documents.get(ACME, "long").orElseThrow();

    assertThat(found.text()).isEqualTo(text);
    assertThat(found.entry()).isEqualTo(entry);
    assertThat(entry.passages()).isGreaterThan(5);
  }

  @Test
  void pagesFollowEachOther() {
    List.of("c", "a", "d", "b").forEach(id -> documents.put(ACME, document(id, id), ROOM));

    assertThat(documents.list(ACME, Optional.empty(), "", 3))
        .extracting(DocumentEntry::id)
        .containsExactly("a", "b", "c");
    assertThat(documents.list(ACME, Optional.empty(), "c", 3))
        .extracting(DocumentEntry::id)
        .containsExactly("d");
  }

  @Test
  void moreThanTheLimitsIsRefusedAndReplacingIsNotMore() {
    DocumentLimits few = DocumentLimits.of(2, 10, 6);
    documents.put(ACME, document("a", "12345"), few);
    documents.put(ACME, document("b", "12345"), few);

    refused(document("c", "1"), few);
    refused(document("a", "1234567"), few);
    refused(document("a", "123456"), few);
    documents.put(ACME, document("a", "54321"), few);
    documents.delete(ACME, "b");
    documents.put(ACME, document("c", "12345"), few);
  }

  private void refused(Document document, DocumentLimits limits) {
    assertThatThrownBy(() -> documents.put(ACME, document, limits))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(ErrorCode.STORAGE_QUOTA_EXCEEDED));
  }

  @Test
  void writersAtOnceDoNotExceedTheLimits() throws Exception {
    DocumentLimits few = DocumentLimits.of(5, 1_000, 100);
    List<Future<Boolean>> puts = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 20; i++) {
        Document document = document("d" + i, "text");
        puts.add(threads.submit(() -> kept(document, few)));
      }
    }
    int kept = 0;
    for (Future<Boolean> put : puts) {
      kept += put.get() ? 1 : 0;
    }

    assertThat(kept).isEqualTo(5);
    assertThat(documents.list(ACME, Optional.empty(), "", 100)).hasSize(5);
  }

  private boolean kept(Document document, DocumentLimits limits) {
    try {
      documents.put(ACME, document, limits);
      return true;
    } catch (RefusedException e) {
      return false;
    }
  }

  @Test
  void anErasedTenantHasNothing() {
    documents.put(ACME, document("a", "refunds"), DocumentLimits.of(1, 100, 100));

    documents.erase(ACME);

    assertThat(documents.list(ACME, Optional.empty(), "", 10)).isEmpty();
    assertThat(ask(ACME, "refunds")).isEmpty();
    documents.put(ACME, document("b", "refunds"), DocumentLimits.of(1, 100, 100));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   ", "the of and", "?!.,;", "'' \\ & | ! <-> :*", "a:b(c)&!d"})
  void aQuestionWithoutWordsOrWithOperatorsIsNoError(String question) {
    documents.put(ACME, document("a", "refunds"), ROOM);

    assertThat(ask(ACME, question)).isEmpty();
  }
}
