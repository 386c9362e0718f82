from readsight.wiring.interpret import InterpretWiring

interpret = InterpretWiring(project)


rule interpret_attribute:
    """Attribute predictions of the first model to its features, and examine each method."""
    input:
        unpack(interpret.trained),
        test="<results>/dataset/{task}/repeat0/test.h5",
        train="<results>/dataset/{task}/repeat0/train.h5",
        balanced=interpret.balanced,
        validation="<results>/dataset/{task}/repeat0/validation.h5",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        summary="<results>/interpret/{task}/exams.summary.json",
    log:
        "<logs>/interpret_attribute/{task}.log",
    benchmark:
        "<benchmarks>/interpret_attribute/{task}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    params:
        code=code("interpret_attribute"),
        spec=interpret.spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_attribute.py"


rule interpret_plot:
    """Draw what moved the predictions, example by example, and how each method fared in its exams."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
    output:
        importance=report(
            "<results>/interpret/{task}/importance.svg",
            caption="../report/interpret_importance.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "1 what the model goes by"},
        ),
        beeswarm=report(
            "<results>/interpret/{task}/beeswarm.svg",
            caption="../report/interpret_beeswarm.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "2 example by example"},
        ),
        exams=report(
            "<results>/interpret/{task}/exams.svg",
            caption="../report/interpret_exams.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "3 exams of the methods"},
        ),
    log:
        "<logs>/interpret_plot/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot/{task}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=code("interpret_plot"),
    script:
        "../../scripts/interpret_plot.py"
