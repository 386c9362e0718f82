from readsight.wiring.interpret import InterpretWiring

interpret = InterpretWiring(project)


rule interpret_attribute_features:
    """Attribute predictions of the first model to its features, and test each method."""
    input:
        unpack(interpret.model_files),
        unpack(interpret.resplit_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        train="<results>/dataset/{task}/repeat0/train.h5",
        balanced=interpret.fold_file,
        validation="<results>/dataset/{task}/repeat0/validation.h5",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        summary="<results>/interpret/{task}/exams.summary.json",
    log:
        "<logs>/interpret_attribute_features/{task}.log",
    benchmark:
        "<benchmarks>/interpret_attribute_features/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("interpret_attribute_features"),
        spec=interpret.attribution_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_attribute_features.py"


rule interpret_describe:
    """Describe the explained examples and features: class, prediction, batch, symbol."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        examples=interpret.dataset.examples_file,
        predictions=interpret.predictions_file,
    output:
        cases="<results>/interpret/{task}/cases.parquet",
        features="<results>/interpret/{task}/features.tsv",
    log:
        "<logs>/interpret_describe/{task}.log",
    benchmark:
        "<benchmarks>/interpret_describe/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=interpret.dataset.memory_mb,
    params:
        code=hash_code("interpret_describe"),
    script:
        "../../scripts/interpret_describe.py"


rule interpret_stability:
    """Measure whether models of different folds use the same features."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        features="<results>/interpret/{task}/features.tsv",
    output:
        table="<results>/interpret/{task}/stability.tsv",
        stability="<results>/interpret/{task}/stability.json",
        summary="<results>/interpret/{task}/stability.summary.json",
    log:
        "<logs>/interpret_stability/{task}.log",
    benchmark:
        "<benchmarks>/interpret_stability/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("interpret_stability"),
    script:
        "../../scripts/interpret_stability.py"


rule interpret_pathways:
    """Test gene sets for enrichment among the genes that the model uses."""
    input:
        stability="<results>/interpret/{task}/stability.tsv",
        features="<results>/interpret/{task}/features.tsv",
        gmt=interpret.gene_sets,
    output:
        table="<results>/interpret/{task}/pathways.tsv",
        pathways="<results>/interpret/{task}/pathways.json",
        summary="<results>/interpret/{task}/pathways.summary.json",
    log:
        "<logs>/interpret_pathways/{task}.log",
    benchmark:
        "<benchmarks>/interpret_pathways/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("interpret_pathways"),
    script:
        "../../scripts/interpret_pathways.py"


rule interpret_plot:
    """Plot the attributions, overall and by example, and the tests of each method."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        features="<results>/interpret/{task}/features.tsv",
    output:
        importance=report(
            "<results>/interpret/{task}/importance.svg",
            caption="../report/interpret_importance.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "1 feature importance"},
        ),
        beeswarm=report(
            "<results>/interpret/{task}/beeswarm.svg",
            caption="../report/interpret_beeswarm.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "2 attributions by example"},
        ),
        exams=report(
            "<results>/interpret/{task}/exams.svg",
            caption="../report/interpret_exams.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "3 tests of the methods"},
        ),
    log:
        "<logs>/interpret_plot/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(800),
    params:
        code=hash_code("interpret_plot"),
    script:
        "../../scripts/interpret_plot.py"


rule interpret_plot_samples:
    """Plot the samples by their most important features."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        cases="<results>/interpret/{task}/cases.parquet",
        features="<results>/interpret/{task}/features.tsv",
    output:
        heatmap=report(
            "<results>/interpret/{task}/heatmap.svg",
            caption="../report/interpret_heatmap.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "4 samples by top features"},
        ),
    log:
        "<logs>/interpret_plot_samples/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_samples/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(800),
    params:
        code=hash_code("interpret_plot_samples"),
    script:
        "../../scripts/interpret_plot_samples.py"


rule interpret_plot_examples:
    """Plot the attributions of selected examples, feature by feature."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        cases="<results>/interpret/{task}/cases.parquet",
        features="<results>/interpret/{task}/features.tsv",
    output:
        waterfall=report(
            "<results>/interpret/{task}/waterfall.svg",
            caption="../report/interpret_waterfall.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "5 selected predictions, feature by feature"},
        ),
    log:
        "<logs>/interpret_plot_examples/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_examples/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(800),
    params:
        code=hash_code("interpret_plot_examples"),
    script:
        "../../scripts/interpret_plot_examples.py"


rule interpret_plot_stability:
    """Plot the agreement of feature importance between folds."""
    input:
        stability="<results>/interpret/{task}/stability.json",
        exams="<results>/interpret/{task}/exams.json",
        features="<results>/interpret/{task}/features.tsv",
    output:
        stability=report(
            "<results>/interpret/{task}/stability.svg",
            caption="../report/interpret_stability.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "6 stability over folds"},
        ),
    log:
        "<logs>/interpret_plot_stability/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_stability/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=hash_code("interpret_plot_stability"),
    script:
        "../../scripts/interpret_plot_stability.py"


rule interpret_plot_pathways:
    """Plot the gene sets enriched among the genes that the model uses."""
    input:
        pathways="<results>/interpret/{task}/pathways.json",
        exams="<results>/interpret/{task}/exams.json",
    output:
        pathways=report(
            "<results>/interpret/{task}/pathways.svg",
            caption="../report/interpret_pathways.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "7 gene sets"},
        ),
    log:
        "<logs>/interpret_plot_pathways/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_pathways/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(interpret.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(600),
    params:
        code=hash_code("interpret_plot_pathways"),
    script:
        "../../scripts/interpret_plot_pathways.py"
