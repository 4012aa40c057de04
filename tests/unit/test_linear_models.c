/* test_linear_models.c: where versions of scikit-learn disagree, and state that is refused. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "small_models.h"

#define LOGISTIC(state) OBJECT("sklearn.linear_model._logistic", "LogisticRegression", state) END
#define SGD(state)      OBJECT("sklearn.linear_model._stochastic_gradient", "SGDClassifier", state) END
#define BAYES(state)    OBJECT("sklearn.linear_model._bayes", "BayesianRidge", state) END
#define RIDGE(state)    OBJECT("sklearn.linear_model._ridge", "Ridge", state) END
#define TWEEDIE(state)  OBJECT("sklearn.linear_model._glm.glm", "TweedieRegressor", state) END
#define LDA(state)      OBJECT("sklearn.discriminant_analysis", "LinearDiscriminantAnalysis", state) END
#define SEARCH(state)   OBJECT("sklearn.model_selection._search", "GridSearchCV", state) END

#define ONE_SCORE                            \
    ATTR("coef_", LIST_1(LIST_1(NUMBER(1)))) \
    ATTR("intercept_", LIST_1(NUMBER(0)))    \
    ATTR("classes_", LIST_2(INTEGER(0), INTEGER(1)))
#define THREE_SCORES                                                                \
    ATTR("coef_", LIST_3(LIST_1(NUMBER(1)), LIST_1(NUMBER(0)), LIST_1(NUMBER(-1)))) \
    ATTR("intercept_", LIST_3(NUMBER(0), NUMBER(0), NUMBER(0)))                     \
    ATTR("classes_", LIST_3(INTEGER(0), INTEGER(1), INTEGER(2)))

static double expit(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* Numbers of one row of the model. */
static void ask(const char *pickle, mc_method method, double x, const char *name, double *out)
{
    mc_error err = {0};
    mc_image image = {0};
    char text[1000];
    if (small_model_open(pickle, &image, &err) != MC_OK ||
        small_model_ask(&image, method, &x, 1, 1, name, out, &err) != MC_OK)
        fail_msg("%s", mc_error_format(&err, text, sizeof text));
    mc_image_close(&image);
}

static void check_proba(const char *pickle, double x, const double *want, size_t n)
{
    double got[3];
    ask(pickle, MC_METHOD_PREDICT_PROBA, x, NULL, got);
    for (size_t i = 0; i < n; i++) {
        const bool both_nan = isnan(got[i]) && isnan(want[i]);
        if (!both_nan && !(fabs(got[i] - want[i]) <= 1e-15))
            fail_msg("class %zu: got %.17g, want %.17g\n%s", i, got[i], want[i], pickle);
    }
}

static void check_refused(const char *pickle, const char *want)
{
    mc_error err = {0};
    mc_image image = {0};
    assert_int_equal(small_model_open(pickle, &image, &err), MC_E_UNSUPPORTED);
    if (strstr(err.message, want) == NULL)
        fail_msg("got \"%s\", want \"%s\"", err.message, want);
}

static void two_classes_are_doubled_by_multinomial_before_1_8(void **state)
{
    (void)state;
    const double once[2] = {1.0 - expit(1.0), expit(1.0)}, twice[2] = {expit(-2.0), expit(2.0)};
#define TWO(version, choice) \
    LOGISTIC(FITTED(version, 1) ONE_SCORE ATTR("multi_class", TEXT(choice)))
    check_proba(TWO("1.2.0", "auto"), 1.0, once, 2);
    check_proba(TWO("1.5.2", "deprecated"), 1.0, once, 2);
    check_proba(TWO("1.7.2", "ovr"), 1.0, once, 2);
    check_proba(TWO("1.2.0", "multinomial"), 1.0, twice, 2);
    check_proba(TWO("1.7.2", "multinomial"), 1.0, twice, 2);
    check_proba(TWO("1.8.0", "multinomial"), 1.0, once, 2);
    check_proba(LOGISTIC(FITTED("1.9.1", 1) ONE_SCORE), 1.0, once, 2);
}

static void three_classes_follow_the_solver_before_1_8(void **state)
{
    (void)state;
    const double e[3] = {exp(1.0), 1.0, exp(-1.0)}, p[3] = {expit(1.0), 0.5, expit(-1.0)};
    double softmax[3], shares[3];
    for (size_t i = 0; i < 3; i++) {
        softmax[i] = e[i] / (e[0] + e[1] + e[2]);
        shares[i] = p[i] / (p[0] + p[1] + p[2]);
    }
#define THREE(version, solver) \
    LOGISTIC(FITTED(version, 1) THREE_SCORES ATTR("solver", TEXT(solver)))
    check_proba(THREE("1.2.2", "lbfgs"), 1.0, softmax, 3);
    check_proba(THREE("1.7.2", "liblinear"), 1.0, shares, 3);
    check_proba(THREE("1.5.2", "newton-cholesky"), 1.0, shares, 3);
    check_proba(THREE("1.6.0", "newton-cholesky"), 1.0, softmax, 3);
    check_proba(THREE("1.8.0", "liblinear"), 1.0, softmax, 3);
}

static void a_row_of_zeros_is_shared_since_1_9(void **state)
{
    (void)state;
    const double nan = (double)NAN, third = 1.0 / 3.0;
#define FAR                                                                        \
    ATTR("coef_", LIST_3(LIST_1(NUMBER(1)), LIST_1(NUMBER(1)), LIST_1(NUMBER(1)))) \
    ATTR("intercept_", LIST_1(NUMBER(0)))                                          \
    ATTR("classes_", LIST_3(INTEGER(0), INTEGER(1), INTEGER(2)))
    check_proba(SGD(FITTED("1.8.0", 1) FAR ATTR("loss", TEXT("log_loss"))), -800.0,
                (const double[]){nan, nan, nan}, 3);
    check_proba(SGD(FITTED("1.9.0", 1) FAR ATTR("loss", TEXT("log_loss"))), -800.0,
                (const double[]){third, third, third}, 3);
    check_proba(SGD(FITTED("1.2.2", 1) FAR ATTR("loss", TEXT("modified_huber"))), -800.0,
                (const double[]){third, third, third}, 3);
}

#define FOUR(a, b, c, d) LIST(ITEM(INTEGER(a)) ITEM(INTEGER(b)) ITEM(INTEGER(c)) ITEM(INTEGER(d)))
#define CSR(n_columns, indptr, indices)                                     \
    OBJECT("scipy.sparse._csr", "csr_matrix",                               \
           ATTR("_shape", "(I3\nI" #n_columns "\nt") ATTR("indptr", indptr) \
               ATTR("indices", indices) ATTR("data", LIST_2(NUMBER(2), NUMBER(5))))

/* One or two values of 40 stay sparse, of 3 they do not; a column named twice counts twice. */
static void sparse_coefficients_are_read(void **state)
{
    (void)state;
    double got[3], row[40] = {0};
    mc_error err = {0};
    mc_image image = {0};
    row[1] = 10.0;
    row[2] = 100.0;
    row[39] = 1000.0;
#define SPARSE(n_columns, indptr, indices)                                                       \
    RIDGE(FITTED("1.6.1", n_columns) ATTR("intercept_", LIST_3(NUMBER(1), NUMBER(2), NUMBER(3))) \
              ATTR("coef_", CSR(n_columns, indptr, indices)))
    const struct {
        const char *pickle;
        size_t n_columns;
        double want[3];
    } cases[] = {
        {SPARSE(40, FOUR(0, 1, 1, 2), LIST_2(INTEGER(1), INTEGER(39))), 40, {21, 2, 5003}},
        {SPARSE(40, FOUR(0, 0, 2, 2), LIST_2(INTEGER(1), INTEGER(1))), 40, {1, 72, 3}},
        {SPARSE(3, FOUR(0, 1, 1, 2), LIST_2(INTEGER(1), INTEGER(2))), 3, {21, 2, 503}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(small_model_open(cases[i].pickle, &image, &err), MC_OK);
        assert_int_equal(
            small_model_ask(&image, MC_METHOD_PREDICT, row, 1, cases[i].n_columns, NULL, got, &err),
            MC_OK);
        assert_memory_equal(got, cases[i].want, sizeof got);
        mc_image_close(&image);
    }
    check_refused(RIDGE(FITTED("1.6.1", 41) ATTR("intercept_", NUMBER(0)) ATTR(
                      "coef_", CSR(40, FOUR(0, 1, 1, 2), LIST_2(INTEGER(1), INTEGER(39))))),
                  "coef_: expected 41 columns, found 3 x 40");
}

static void the_deviation_is_centred_since_1_9(void **state)
{
    (void)state;
#define MOMENTS                               \
    ATTR("coef_", LIST_1(NUMBER(2)))          \
    ATTR("intercept_", NUMBER(1))             \
    ATTR("sigma_", LIST_1(LIST_1(NUMBER(3)))) \
    ATTR("alpha_", NUMBER(4)) ATTR("X_offset_", LIST_1(NUMBER(1)))
    double got = 0.0;
    ask(BAYES(FITTED("1.8.0", 1) MOMENTS), MC_METHOD_PREDICT_STD, 2.0, "std", &got);
    assert_true(got == sqrt(12.25));
    ask(BAYES(FITTED("1.9.0", 1) MOMENTS), MC_METHOD_PREDICT_STD, 2.0, "std", &got);
    assert_true(got == sqrt(3.25));
    ask(BAYES(FITTED("1.9.0", 1) MOMENTS), MC_METHOD_PREDICT_STD, 2.0, NULL, &got);
    assert_true(got == 5.0);
}

static void discriminant_log_proba_stays_finite(void **state)
{
    (void)state;
    double got[2];
    ask(LDA(FITTED("1.6.1", 1) ONE_SCORE ATTR("solver", TEXT("lsqr"))), MC_METHOD_PREDICT_LOG_PROBA,
        -800.0, NULL, got);
    assert_true(got[0] == 0.0);
    assert_true(got[1] == log(DBL_MIN));
}

static void an_input_that_is_no_number_is_refused(void **state)
{
    (void)state;
    mc_error err = {0};
    mc_image image = {0};
    double out[2];
    const double rows[2] = {1.0, (double)NAN};
    const char *pickle = LOGISTIC(FITTED("1.9.1", 1) ONE_SCORE);
    assert_int_equal(small_model_open(pickle, &image, &err), MC_OK);
    assert_int_equal(small_model_ask(&image, MC_METHOD_PREDICT, rows, 2, 1, NULL, out, &err),
                     MC_E_BAD_INPUT);
    assert_non_null(strstr(err.message, "row 1, column 0: the input contains NaN"));
    mc_image_close(&image);
}

static void state_that_does_not_fit_is_refused(void **state)
{
    (void)state;
#define COEF_2 ATTR("coef_", LIST_2(NUMBER(1), NUMBER(2)))
#define ZERO   ATTR("intercept_", NUMBER(0))
    check_refused(RIDGE(FITTED("1.9.1", 2) ZERO), "no attribute coef_: is it fitted?");
    check_refused(RIDGE(FITTED("1.9.1", 2) COEF_2), "no attribute intercept_: is it fitted?");
    check_refused(RIDGE(FITTED("1.9.1", 3) COEF_2 ZERO),
                  "coef_: expected a matrix of any x 3, found 1 x 2");
    check_refused(RIDGE(FITTED("1.9.1", 2) COEF_2 ATTR("intercept_", LIST_2(NUMBER(0), NUMBER(1)))),
                  "intercept_: expected 1 or 1 values, found 2");
    check_refused(SGD(FITTED("1.9.1", 1) ATTR(
                      "coef_", LIST_3(LIST_1(NUMBER(1)), LIST_1(NUMBER(2)), LIST_1(NUMBER(3))))
                          ZERO ATTR("classes_", LIST_2(INTEGER(0), INTEGER(1)))),
                  "classes_: expected 3 classes, found 2");
    check_refused(SGD(FITTED("1.9.1", 1) ATTR("coef_", LIST_1(LIST_1(NUMBER(1))))
                          ZERO ATTR("classes_", LIST_3(INTEGER(0), INTEGER(1), INTEGER(2)))),
                  "classes_: expected 2 classes, found 3");
    check_refused(LOGISTIC(FITTED("1.4.2", 1) ONE_SCORE ATTR("multi_class", TEXT("ovo"))),
                  "multi_class: expected \"auto\", \"ovr\" or \"multinomial\", found \"ovo\"");
    check_refused(TWEEDIE(FITTED("1.4.2", 2) COEF_2 ZERO ATTR("link", TEXT("probit"))),
                  "link: expected \"auto\", \"identity\" or \"log\", found \"probit\"");
    check_refused(SEARCH(ATTR("cv_results_", LIST("")) ATTR("refit", NOTHING)),
                  "expected a search fitted with refit=True");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_classes_are_doubled_by_multinomial_before_1_8),
        cmocka_unit_test(three_classes_follow_the_solver_before_1_8),
        cmocka_unit_test(a_row_of_zeros_is_shared_since_1_9),
        cmocka_unit_test(sparse_coefficients_are_read),
        cmocka_unit_test(the_deviation_is_centred_since_1_9),
        cmocka_unit_test(discriminant_log_proba_stays_finite),
        cmocka_unit_test(an_input_that_is_no_number_is_refused),
        cmocka_unit_test(state_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
